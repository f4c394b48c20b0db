package dev.jacobian.cpu.scalar;

import dev.jacobian.backend.Philox;
import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.UpdateRows;
import java.lang.foreign.MemorySegment;

/** Dropout and the optimisers' steps on scalars. */
final class ScalarUpdateRows implements UpdateRows {
    private static final long LOW_32 = 0xFFFFFFFFL;

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
        for (int i = 0; i < n; i++) {
            float parameter = Floats.get(p, pAt + i);
            float gradient = Floats.get(g, gAt + i) * step.scale() + parameter * step.decay();
            float first = Floats.get(m, mAt + i) * step.beta1() + gradient * step.oneMinusBeta1();
            float second = Floats.get(v, vAt + i) * step.beta2() + gradient * gradient * step.oneMinusBeta2();
            float root = (float) Math.sqrt(second) / step.root() + step.epsilon();
            Floats.set(m, mAt + i, first);
            Floats.set(v, vAt + i, second);
            Floats.set(p, pAt + i, parameter * step.factor() - first * step.rate() / root);
        }
    }

    @Override
    public void sgd(Sgd step, MemorySegment p, long pAt, MemorySegment g, long gAt, int n) {
        for (int i = 0; i < n; i++) {
            float parameter = Floats.get(p, pAt + i);
            float gradient = Floats.get(g, gAt + i) * step.scale() + parameter * step.decay();
            Floats.set(p, pAt + i, parameter - gradient * step.rate());
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
        for (int i = 0; i < n; i++) {
            float parameter = Floats.get(p, pAt + i);
            float gradient = Floats.get(g, gAt + i) * step.scale() + parameter * step.decay();
            float speed = Floats.get(velocity, velocityAt + i) * step.momentum() + gradient;
            float direction = step.nesterov() ? gradient + speed * step.momentum() : speed;
            Floats.set(velocity, velocityAt + i, speed);
            Floats.set(p, pAt + i, parameter - direction * step.rate());
        }
    }

    @Override
    public void philox(int[] key, int firstBlock, int blocks, int[] words) {
        long stream = (key[1] & LOW_32) | (long) key[2] << 32;
        long seed = (key[3] & LOW_32) | (long) key[4] << 32;
        int[] four = new int[4];
        for (int block = 0; block < blocks; block++) {
            Philox.block(seed, stream, key[0], firstBlock + block, four);
            System.arraycopy(four, 0, words, 4 * block, 4);
        }
    }

    @Override
    public void dropout(
            MemorySegment x, long xAt, MemorySegment y, long yAt, int n, int[] words, int threshold, float keep) {
        for (int i = 0; i < n; i++) {
            float kept = Floats.get(x, xAt + i) / keep;
            Floats.set(y, yAt + i, words[i] >>> 8 >= threshold ? kept : 0);
        }
    }
}
