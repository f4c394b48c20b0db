package dev.jacobian.benchmarks;

/**
 * How long one run of some work takes.
 *
 * @param seconds the median over blocks of runs
 * @param fastest the fastest block's time for a run
 * @param slowest the slowest block's
 */
public record Timing(double seconds, double fastest, double slowest) {}
