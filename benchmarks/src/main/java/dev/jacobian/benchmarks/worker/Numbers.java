package dev.jacobian.benchmarks.worker;

import java.util.SplittableRandom;

/**
 * Weights, inputs and labels that are the same in every worker, so that the losses of two libraries can be compared. They
 * are a function of a name, {@code "CASE/NAME"}; no library's own generator is used.
 */
public final class Numbers {
    private Numbers() {}

    /**
     * Uniformly distributed numbers.
     *
     * @param name whose
     * @param count how many
     * @param low the least
     * @param high what they stay below, but for rounding
     * @return the numbers
     */
    public static float[] uniform(String name, int count, float low, float high) {
        SplittableRandom random = random(name);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (low + random.nextDouble() * ((double) high - low));
        }
        return numbers;
    }

    /**
     * A weight or a bias as PyTorch's layers begin: uniform in ±1/√fanIn.
     *
     * @param name whose
     * @param count how many
     * @param fanIn how many inputs one output has
     * @return the numbers
     */
    public static float[] weight(String name, int count, int fanIn) {
        float bound = (float) (1 / Math.sqrt(fanIn));
        return uniform(name, count, -bound, bound);
    }

    /**
     * Normally distributed numbers with mean 0.
     *
     * @param name whose
     * @param count how many
     * @param std their standard deviation
     * @return the numbers
     */
    public static float[] normal(String name, int count, float std) {
        SplittableRandom random = random(name);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (random.nextGaussian() * std);
        }
        return numbers;
    }

    /**
     * Labels of classes, or tokens of a vocabulary.
     *
     * @param name whose
     * @param count how many
     * @param classes they are 0 to this, exclusive
     * @return the labels
     */
    public static int[] labels(String name, int count, int classes) {
        SplittableRandom random = random(name);
        int[] labels = new int[count];
        for (int i = 0; i < count; i++) {
            labels[i] = random.nextInt(classes);
        }
        return labels;
    }

    /** Seeded by the 64-bit FNV-1a hash of the name. */
    private static SplittableRandom random(String name) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001b3L;
        }
        return new SplittableRandom(hash);
    }
}
