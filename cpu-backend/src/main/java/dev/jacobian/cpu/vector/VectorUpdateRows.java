package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.UpdateRows;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Dropout and the optimisers' steps on vectors. */
final class VectorUpdateRows implements UpdateRows {
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, Lanes.SPECIES.vectorShape());
    private static final VectorSpecies<Long> LONGS = VectorSpecies.of(long.class, Lanes.SPECIES.vectorShape());
    private static final int LONG_COUNT = LONGS.length();

    /** Takes lanes 0, 0, 1, 1, … of two vectors in turn, and the same of their upper halves. */
    private static final VectorShuffle<Long> LOWER = VectorShuffle.makeZip(LONGS, 0);
    private static final VectorShuffle<Long> UPPER = VectorShuffle.makeZip(LONGS, 1);

    private static final int ROUNDS = 10;
    private static final long LOW_32 = 0xFFFFFFFFL;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int KEY_STEP_0 = 0x9E3779B9;
    private static final int KEY_STEP_1 = 0xBB67AE85;

    @Override
    public void adam(
            Adam step,
            MemorySegment p,
            long pAt,
            MemorySegment g,
            long gAt,
            MemorySegment m,
            long mAt,
            MemorySegment v,
            long vAt,
            int n) {
        float scale = step.scale();
        float decay = step.decay();
        float beta1 = step.beta1();
        float oneMinusBeta1 = step.oneMinusBeta1();
        float beta2 = step.beta2();
        float oneMinusBeta2 = step.oneMinusBeta2();
        float correction = step.root();
        float epsilon = step.epsilon();
        float factor = step.factor();
        float rate = step.rate();
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector parameter = load(p, (pAt + i) << 2);
            FloatVector gradient = load(g, (gAt + i) << 2).mul(scale).add(parameter.mul(decay));
            FloatVector first = load(m, (mAt + i) << 2).mul(beta1).add(gradient.mul(oneMinusBeta1));
            FloatVector second = load(v, (vAt + i) << 2).mul(beta2).add(gradient.mul(gradient).mul(oneMinusBeta2));
            FloatVector root = second.lanewise(VectorOperators.SQRT).div(correction).add(epsilon);
            store(first, m, (mAt + i) << 2);
            store(second, v, (vAt + i) << 2);
            store(parameter.mul(factor).sub(first.mul(rate).div(root)), p, (pAt + i) << 2);
        }
        // The same operations in the same order: where a run is cut changes no bit. With masks, this many vectors would
        // be made on the heap.
        for (; i < n; i++) {
            float parameter = Floats.get(p, pAt + i);
            float gradient = Floats.get(g, gAt + i) * scale + parameter * decay;
            float first = Floats.get(m, mAt + i) * beta1 + gradient * oneMinusBeta1;
            float second = Floats.get(v, vAt + i) * beta2 + gradient * gradient * oneMinusBeta2;
            float root = (float) Math.sqrt(second) / correction + epsilon;
            Floats.set(m, mAt + i, first);
            Floats.set(v, vAt + i, second);
            Floats.set(p, pAt + i, parameter * factor - first * rate / root);
        }
    }

    @Override
    public void sgd(Sgd step, MemorySegment p, long pAt, MemorySegment g, long gAt, int n) {
        float scale = step.scale();
        float decay = step.decay();
        float rate = step.rate();
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector parameter = load(p, (pAt + i) << 2);
            FloatVector gradient = load(g, (gAt + i) << 2).mul(scale).add(parameter.mul(decay));
            store(parameter.sub(gradient.mul(rate)), p, (pAt + i) << 2);
        }
        for (; i < n; i++) { // as in adam
            float parameter = Floats.get(p, pAt + i);
            float gradient = Floats.get(g, gAt + i) * scale + parameter * decay;
            Floats.set(p, pAt + i, parameter - gradient * rate);
        }
    }

    @Override
    public void momentum(
            Sgd step,
            MemorySegment p,
            long pAt,
            MemorySegment g,
            long gAt,
            MemorySegment velocity,
            long velocityAt,
            int n) {
        // Nesterov's g + μ v, or v alone, as one formula: a choice inside the loop would be made for every vector.
        float ofGradient = step.nesterov() ? 1 : 0;
        float ofVelocity = step.nesterov() ? step.momentum() : 1;
        float momentum = step.momentum();
        float scale = step.scale();
        float decay = step.decay();
        float rate = step.rate();
        int i = 0;
        for (; i <= n - COUNT; i += COUNT) {
            FloatVector parameter = load(p, (pAt + i) << 2);
            FloatVector gradient = load(g, (gAt + i) << 2).mul(scale).add(parameter.mul(decay));
            FloatVector speed = load(velocity, (velocityAt + i) << 2).mul(momentum).add(gradient);
            FloatVector direction = gradient.mul(ofGradient).add(speed.mul(ofVelocity));
            store(speed, velocity, (velocityAt + i) << 2);
            store(parameter.sub(direction.mul(rate)), p, (pAt + i) << 2);
        }
        for (; i < n; i++) { // as in adam
            float parameter = Floats.get(p, pAt + i);
            float gradient = Floats.get(g, gAt + i) * scale + parameter * decay;
            float speed = Floats.get(velocity, velocityAt + i) * momentum + gradient;
            float direction = gradient * ofGradient + speed * ofVelocity;
            Floats.set(velocity, velocityAt + i, speed);
            Floats.set(p, pAt + i, parameter - direction * rate);
        }
    }

    /** A lane for each block, holding a word in its lower half: the product of two words needs the upper one too. */
    @Override
    public void philox(int[] key, int firstBlock, int blocks, int[] words) {
        for (int block = 0; block < blocks; block += LONG_COUNT) {
            LongVector c0 = LongVector.broadcast(LONGS, firstBlock + block).addIndex(1);
            LongVector c1 = LongVector.broadcast(LONGS, key[0]);
            LongVector c2 = LongVector.broadcast(LONGS, key[1]);
            LongVector c3 = LongVector.broadcast(LONGS, key[2]);
            int k0 = key[3];
            int k1 = key[4];
            for (int round = 0; round < ROUNDS; round++) {
                LongVector p0 = c0.and(LOW_32).mul(MULTIPLIER_0);
                LongVector p1 = c2.and(LOW_32).mul(MULTIPLIER_1);
                c0 = upper(p1).lanewise(VectorOperators.XOR, c1).lanewise(VectorOperators.XOR, k0);
                c1 = p1;
                c2 = upper(p0).lanewise(VectorOperators.XOR, c3).lanewise(VectorOperators.XOR, k1);
                c3 = p0;
                k0 += KEY_STEP_0;
                k1 += KEY_STEP_1;
            }
            LongVector firstHalves = pair(c0, c1);
            LongVector secondHalves = pair(c2, c3);
            firstHalves.rearrange(LOWER, secondHalves).reinterpretAsInts().intoArray(words, 4 * block);
            firstHalves.rearrange(UPPER, secondHalves).reinterpretAsInts().intoArray(words, 4 * block + INTS.length());
        }
    }

    private static LongVector upper(LongVector product) {
        return product.lanewise(VectorOperators.LSHR, 32);
    }

    private static LongVector pair(LongVector first, LongVector second) {
        return first.and(LOW_32).or(second.lanewise(VectorOperators.LSHL, 32));
    }

    @Override
    public void dropout(
            MemorySegment x, long xAt, MemorySegment y, long yAt, int n, int[] words, int threshold, float keep) {
        FloatVector zero = all(0);
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            IntVector upperBits = IntVector.fromArray(INTS, words, i).lanewise(VectorOperators.LSHR, 8);
            VectorMask<Float> kept = upperBits.compare(VectorOperators.GE, threshold).cast(Lanes.SPECIES);
            FloatVector value = load(x, (xAt + i) << 2, tail).div(keep);
            store(zero.blend(value, kept), y, (yAt + i) << 2, tail);
        }
    }
}
