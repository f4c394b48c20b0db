package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.MarginRows;
import dev.jacobian.cpu.ReduceRows;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Hinge loss of probabilities on vectors. Sums go over all classes, with no regard to which is the label: its own hinge is
 * the margin, and is taken off afterwards.
 *
 * <p>Both loops of the backward pass have a mask for every vector, not only for the last: with loops of their own for tails
 * they are too much for one compilation, which then makes objects of vectors, and take twice to four times as long.
 */
final class VectorMarginRows implements MarginRows {
    @Override
    public void losses(
            MemorySegment p,
            long pAt,
            MemorySegment label,
            long labelAt,
            long labelStep,
            float margin,
            MemorySegment loss,
            long lossAt,
            long lossStep,
            int rows,
            int n) {
        float ofLabel = margin == Float.POSITIVE_INFINITY ? 0 : Math.max(0, margin); // ∞ − ∞ would be NaN
        for (int row = 0; row < rows; row++) {
            long at = pAt + (long) row * n;
            float own = Floats.get(p, at + label.get(ValueLayout.JAVA_INT, (labelAt + row * labelStep) << 2));
            double sum = 0;
            for (int i = 0; i < n; i += ReduceRows.RUN) {
                sum += hinges(p, at + i, Math.min(ReduceRows.RUN, n - i), own, margin);
            }
            // Where there is no other class there is no loss, even where p is NaN.
            Floats.set(loss, lossAt + row * lossStep, n == 1 ? 0 : (float) (sum - ofLabel));
        }
    }

    /** Σ max(0, p − own + margin); NaN where p is. */
    private static float hinges(MemorySegment p, long at, int n, float own, float margin) {
        FloatVector a = all(0);
        FloatVector b = a;
        int i = 0;
        for (; i <= n - 2 * COUNT; i += 2 * COUNT) {
            FloatVector first = load(p, (at + i) << 2).sub(own).add(margin);
            FloatVector second = load(p, (at + i + COUNT) << 2).sub(own).add(margin);
            a = first.blend(0, first.compare(VectorOperators.LE, 0)).add(a);
            b = second.blend(0, second.compare(VectorOperators.LE, 0)).add(b);
        }
        for (; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector hinge = load(p, (at + i) << 2, tail).sub(own).add(margin);
            a = all(0).blend(hinge.blend(0, hinge.compare(VectorOperators.LE, 0)), tail).add(a);
        }
        return Lanes.sum(a.add(b));
    }

    @Override
    public void gradients(
            MemorySegment p,
            long pAt,
            MemorySegment label,
            long labelAt,
            long labelStep,
            float margin,
            MemorySegment dloss,
            long dlossAt,
            long dlossStep,
            MemorySegment dx,
            long dxAt,
            int rows,
            int n) {
        boolean counted = margin > 0;
        for (int row = 0; row < rows; row++) {
            long at = pAt + (long) row * n;
            long to = dxAt + (long) row * n;
            int target = label.get(ValueLayout.JAVA_INT, (labelAt + row * labelStep) << 2);
            float own = Floats.get(p, at + target);
            int count = counted ? -1 : 0;
            double sum = counted ? -own : 0;
            for (int i = 0; i < n; i += ReduceRows.RUN) {
                long sums = active(p, at + i, Math.min(ReduceRows.RUN, n - i), own, margin);
                count += (int) (sums >> Integer.SIZE);
                sum += Float.intBitsToFloat((int) sums);
            }
            double shift = count * (double) own - sum;
            float scale = Floats.get(dloss, dlossAt + row * dlossStep);
            gradient(p, at, dx, to, n, own, margin, (float) (1 + shift), (float) shift, scale);
            Floats.set(dx, to + target, own * (float) (shift - count) * scale);
        }
    }

    /** How many hinges are above 0, in the high half, and the bits of the sum of their p in the low one. */
    private static long active(MemorySegment p, long at, int n, float own, float margin) {
        FloatVector sum = all(0);
        int count = 0;
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector value = load(p, (at + i) << 2, tail);
            VectorMask<Float> active = value.sub(own).add(margin).compare(VectorOperators.GT, 0, tail);
            count += active.trueCount();
            sum = all(0).blend(value, active).add(sum);
        }
        return (long) count << Integer.SIZE | (Float.floatToRawIntBits(Lanes.sum(sum)) & 0xFFFF_FFFFL);
    }

    /** dx = p · (active or other, as the hinge is above 0 or not) · scale. */
    private static void gradient(
            MemorySegment p,
            long pAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float own,
            float margin,
            float active,
            float other,
            float scale) {
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector value = load(p, (pAt + i) << 2, tail);
            VectorMask<Float> above = value.sub(own).add(margin).compare(VectorOperators.GT, 0);
            store(value.mul(all(other).blend(active, above)).mul(scale), dx, (dxAt + i) << 2, tail);
        }
    }
}
