package dev.jacobian.tensor;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.Philox;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.Shape;
import java.util.HashMap;
import java.util.Map;

/**
 * Random numbers as a pure function of (seed, stream, step, element), by Philox4x32-10 (Salmon et al., 2011): the same
 * bits on every device and for any number of threads. A stream is a hash of what the numbers are for, the layer's path,
 * and how many calls of that kind came before: in a training step for dropout, since the seed was set for all else. So
 * neither prefetching nor recomputation disturbs anything.
 */
public final class Rng {
    private static final Map<String, Long> CALLS = new HashMap<>();
    private static final Map<String, Long> CALLS_IN_STEP = new HashMap<>();
    private static long seed;
    private static int step;

    private Rng() {}

    /**
     * Starts all random numbers anew.
     *
     * @param newSeed the same seed gives the same numbers
     */
    public static synchronized void seed(long newSeed) {
        seed = newSeed;
        resume(0);
        CALLS.clear();
    }

    /**
     * The seed that was set last.
     *
     * @return 0 if none was
     */
    public static synchronized long seed() {
        return Autograd.repeatable(() -> seed);
    }

    /**
     * The number of the training step.
     *
     * @return how often an optimiser has stepped since the seed was set
     */
    public static synchronized int step() {
        return (int) Autograd.repeatable(() -> step);
    }

    /**
     * What a checkpoint has to hold for the numbers to go on as if nothing had come between.
     *
     * @param seed the seed
     * @param step the number of the training step, at whose beginning this is
     * @param calls how many streams each purpose was given since the seed was set
     */
    public record State(long seed, int step, Map<String, Long> calls) {
        /** Copies the calls. */
        public State {
            calls = Map.copyOf(calls);
        }
    }

    /**
     * The state of the random numbers, at the beginning of a training step.
     *
     * @return the state
     */
    public static synchronized State state() {
        return new State(seed, step, CALLS);
    }

    /**
     * Goes on from a state.
     *
     * @param state what {@link #state} returned
     */
    public static synchronized void restore(State state) {
        seed(state.seed());
        resume(state.step());
        CALLS.putAll(state.calls());
    }

    /** Goes on to the next training step: optimisers call this. */
    public static synchronized void nextStep() {
        resume(step + 1);
    }

    /**
     * Goes to a training step, to go on from a checkpoint.
     *
     * @param atStep the step
     */
    public static synchronized void resume(int atStep) {
        step = atStep;
        CALLS_IN_STEP.clear();
    }

    /**
     * The stream of the next call for a purpose since the seed was set.
     *
     * @param purpose what the numbers are for
     * @return a number that no other call gets
     */
    public static synchronized long nextStream(String purpose) {
        return Autograd.repeatable(() -> Philox.streamOf(purpose, CALLS.merge(purpose, 1L, Long::sum) - 1));
    }

    /**
     * The stream of the next call for a purpose in the current layer and step.
     *
     * @param purpose what the numbers are for
     * @return the same for the same call of another step, whose numbers the step tells apart
     */
    public static synchronized long nextStreamOfStep(String purpose) {
        String key = purpose + "/" + Autograd.layer();
        return Autograd.repeatable(() -> Philox.streamOf(key, CALLS_IN_STEP.merge(key, 1L, Long::sum) - 1));
    }

    /**
     * Uniform float32 numbers in [0, 1), on the current device.
     *
     * @param shape the lengths of the axes
     * @return a dense tensor
     */
    public static Tensor uniform(int... shape) {
        return fill(Distribution.UNIFORM, "uniform", Shape.of(shape));
    }

    /**
     * Standard normal float32 numbers, on the current device.
     *
     * @param shape the lengths of the axes
     * @return a dense tensor
     */
    public static Tensor normal(int... shape) {
        return fill(Distribution.NORMAL, "normal", Shape.of(shape));
    }

    private static Tensor fill(Distribution distribution, String purpose, Shape shape) {
        Tensor out = Tensor.empty(Device.current(), DType.FLOAT32, shape);
        Tensor zero = Tensor.full(out.device(), DType.INT32, Shape.SCALAR, 0);
        RandomKey key = new RandomKey(seed(), nextStream(purpose), zero.view());
        out.device().backend().random(distribution, key, out.view());
        return out;
    }

    /**
     * The numbers 0 to n − 1 in random order, drawn on the host.
     *
     * @param n how many
     * @param stream what the order depends on, beside the seed
     * @return each number once
     */
    public static int[] permutation(int n, long stream) {
        int[] order = new int[n];
        int[] words = new int[4];
        long key = seed();
        for (int i = 0; i < n; i++) {
            // "Inside-out" Fisher and Yates; a 32-bit word scaled to 0..i is biased by less than n / 2^32.
            if (i % 4 == 0) {
                Philox.block(key, stream, 0, i / 4, words);
            }
            int j = (int) ((Integer.toUnsignedLong(words[i % 4]) * (i + 1L)) >>> 32);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }
}
