package dev.jacobian.benchmarks;

import java.util.List;

/**
 * Calls that were timed together.
 *
 * @param seconds of one call
 * @param cores how many were busy for the worker on average
 * @param waited how long the worker's threads were ready and had no core, as a share of the block
 * @param others processor time of other processes, as a share of the block
 */
record Block(double seconds, double cores, double waited, double others) {
    private static final double WAITED = 0.03;
    private static final double OTHERS = 0.05;

    /** From what a worker answers. */
    static Block of(List<String> answer, int calls) {
        double[] fields = answer.stream().mapToDouble(Double::parseDouble).toArray();
        double wall = fields[0];
        return new Block(wall / calls, fields[1] / wall, fields[2] / wall, fields[3] / wall);
    }

    /**
     * Whether somebody else stood in its way. Threads that wait for each other by spinning, as OpenMP's, are easily a
     * hundred times slower then, which says nothing about the library.
     */
    boolean disturbed() {
        return waited > WAITED && others > OTHERS;
    }
}
