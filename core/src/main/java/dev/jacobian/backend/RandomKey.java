package dev.jacobian.backend;

/**
 * What random numbers are a pure function of. Element i of a fill takes word i mod 4 of the Philox4x32-10 block whose
 * counter is (i / 4, step, low half of stream, high half of stream) and whose key is the seed, low half first; a fill has at most 2³⁴ elements.
 *
 * @param seed the user's seed
 * @param stream what the numbers are for: a hash of purpose, layer path and call number
 * @param step one int32 in device memory, read when the kernel runs, so that a replayed step stays random
 */
public record RandomKey(long seed, long stream, View step) {}
