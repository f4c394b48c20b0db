package dev.jacobian.data;

import dev.jacobian.backend.Philox;

/** The random words of one sample, one after the other: a cursor over one stream. */
final class RandomWords {

    private final long seed;
    private final long stream;
    private final int[] words = new int[4];
    private int next;

    RandomWords(long seed, long stream) {
        this.seed = seed;
        this.stream = stream;
    }

    int word() {
        int within = next & 3;
        if (within == 0) {
            Philox.block(seed, stream, 0, next >>> 2, words);
        }
        next++;
        return words[within];
    }

    /** A value of the uniform distribution on [low, high). */
    float uniform(float low, float high) {
        return low + (high - low) * Philox.uniform(word());
    }

    /** A normal value of the given standard deviation, cut off at 2.5 deviations. */
    float normal(float deviation) {
        return deviation * Math.clamp(Philox.normal(word()), -2.5f, 2.5f);
    }
}
