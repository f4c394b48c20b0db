package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.PoolRows;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Pooling on vectors, one lane for each window of a row. */
final class VectorPoolRows implements PoolRows {
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, Lanes.SPECIES.vectorShape());

    /** Vectors of taps: rows of windows are often shorter than a longer vector. Stored as integers: Lanes.SPECIES says why. */
    private static final VectorSpecies<Float> TAPS = COUNT > 8 ? FloatVector.SPECIES_256 : Lanes.SPECIES;
    private static final VectorSpecies<Integer> TAP_INTS = VectorSpecies.of(int.class, TAPS.vectorShape());
    private static final int TAP_COUNT = TAPS.length();
    private static final VectorShuffle<Float> LOW = VectorShuffle.fromOp(TAPS, i -> 2 * i % TAP_COUNT);
    private static final VectorShuffle<Float> HIGH = VectorShuffle.fromOp(TAPS, i -> (2 * i + 1) % TAP_COUNT);
    private static final VectorMask<Float> UPPER_HALF = VectorMask.fromLong(TAPS, -1L << (TAP_COUNT / 2));
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /**
     * Whole vectors throughout, for masks would be made on the heap: what is written beyond a row's end is written again
     * by the next row. Where that would be beyond the last plane, there are no vectors.
     */
    @Override
    public void maxOfFour(MemorySegment x, long xAt, int planes, int height, int width, MemorySegment y, long yAt,
            MemorySegment index, long indexAt) {
        IntVector even = IntVector.zero(INTS).addIndex(2);
        IntVector odd = even.add(1);
        int rows = height / 2;
        int columns = width / 2;
        long inputs = (long) planes * height * width;
        long outputs = (long) planes * rows * columns;
        for (long line = 0; line < (long) planes * rows; line++) {
            int row = (int) (line % rows);
            long corner = line / rows * height * width;
            for (int column = 0; column < columns; column += COUNT) {
                long at = line * columns + column;
                int first = 2 * row * width + 2 * column;
                if (at + COUNT > outputs || corner + first + width + 2L * COUNT > inputs) {
                    scalarMaxima(x, xAt + corner, width, first, y, yAt + at, index, indexAt + at, columns - column);
                    break;
                }
                long above = (xAt + corner + first) << 2;
                long below = above + 4L * width;
                IntVector a = load(x, above).reinterpretAsInts();
                IntVector b = load(x, above + 4L * COUNT).reinterpretAsInts();
                FloatVector best = even.selectFrom(a, b).reinterpretAsFloats();
                IntVector place = even.add(first);
                FloatVector next = odd.selectFrom(a, b).reinterpretAsFloats();
                VectorMask<Float> larger = isLarger(next, best);
                best = best.blend(next, larger);
                place = place.blend(odd.add(first), larger.cast(INTS));
                IntVector c = load(x, below).reinterpretAsInts();
                IntVector d = load(x, below + 4L * COUNT).reinterpretAsInts();
                next = even.selectFrom(c, d).reinterpretAsFloats();
                larger = isLarger(next, best);
                best = best.blend(next, larger);
                place = place.blend(even.add(first + width), larger.cast(INTS));
                next = odd.selectFrom(c, d).reinterpretAsFloats();
                larger = isLarger(next, best);
                best = best.blend(next, larger);
                place = place.blend(odd.add(first + width), larger.cast(INTS));
                store(best, y, (yAt + at) << 2);
                store(place.reinterpretAsFloats(), index, (indexAt + at) << 2);
            }
        }
    }

    private static void scalarMaxima(MemorySegment x, long corner, int width, int first, MemorySegment y, long yAt,
            MemorySegment index, long indexAt, int n) {
        for (int i = 0; i < n; i++) {
            int best = first + 2 * i;
            for (int next : new int[] {best + 1, best + width, best + width + 1}) {
                best = isLarger(Floats.get(x, corner + next), Floats.get(x, corner + best)) ? next : best;
            }
            Floats.set(y, yAt + i, Floats.get(x, corner + best));
            index.set(ValueLayout.JAVA_INT, (indexAt + i) << 2, best);
        }
    }

    /** NaN is larger than all numbers; of equals none is. */
    private static VectorMask<Float> isLarger(FloatVector next, FloatVector best) {
        return next.compare(VectorOperators.LE, best).or(best.compare(VectorOperators.NE, best)).not();
    }

    private static boolean isLarger(float next, float best) {
        return !(next <= best || Float.isNaN(best));
    }

    /**
     * Two rows of dx at a time, with whole vectors, the last of a row first: what each writes beyond the row's end is
     * written again by what comes next.
     */
    @Override
    public void maxOfFourBackward(MemorySegment dy, long dyAt, MemorySegment index, long indexAt, MemorySegment dx,
            long dxAt, int planes, int height, int width) {
        int rows = height / 2;
        int columns = width / 2;
        long inputs = (long) planes * height * width;
        long outputs = (long) planes * rows * columns;
        int last = (columns - 1) / (COUNT / 2) * (COUNT / 2);
        for (int plane = 0; plane < planes; plane++) {
            long corner = (long) plane * height * width;
            for (int row = 0; row < rows; row++) {
                long line = ((long) plane * rows + row) * columns;
                int first = 2 * row * width;
                for (int column = last; column >= 0; column -= COUNT / 2) {
                    long at = line + column;
                    int place = first + 2 * column;
                    long to = dxAt + corner + place;
                    if (at + COUNT > outputs || corner + place + width + COUNT > inputs) {
                        scalarBackward(dy, dyAt + at, index, indexAt + at, place, width, dx, to,
                                Math.min(COUNT / 2, columns - column));
                    } else {
                        backward(dy, dyAt + at, index, indexAt + at, place, width, dx, to);
                    }
                }
                if (width % 2 == 1) {
                    Floats.set(dx, dxAt + corner + first + width - 1, 0);
                    Floats.set(dx, dxAt + corner + first + 2L * width - 1, 0);
                }
            }
            if (height % 2 == 1) {
                fill(dx, dxAt + corner + (height - 1L) * width, 0, width);
            }
        }
    }

    private static void backward(MemorySegment dy, long dyAt, MemorySegment index, long indexAt, int first, int width,
            MemorySegment dx, long to) {
        IntVector lane = IntVector.zero(INTS).addIndex(1);
        IntVector half = lane.lanewise(VectorOperators.LSHR, 1);
        FloatVector value = half.selectFrom(load(dy, dyAt << 2).reinterpretAsInts()).reinterpretAsFloats();
        IntVector place = half.selectFrom(load(index, indexAt << 2).reinterpretAsInts()).sub(lane);
        VectorMask<Float> above = place.compare(VectorOperators.EQ, first).cast(Lanes.SPECIES);
        VectorMask<Float> below = place.compare(VectorOperators.EQ, first + width).cast(Lanes.SPECIES);
        store(all(0).blend(value, above), dx, to << 2);
        store(all(0).blend(value, below), dx, (to + width) << 2);
    }

    private static void scalarBackward(MemorySegment dy, long dyAt, MemorySegment index, long indexAt, int first,
            int width, MemorySegment dx, long to, int n) {
        for (int i = 0; i < n; i++) {
            float value = Floats.get(dy, dyAt + i);
            int place = index.get(ValueLayout.JAVA_INT, (indexAt + i) << 2) - first - 2 * i;
            Floats.set(dx, to + 2L * i, place == 0 ? value : 0);
            Floats.set(dx, to + 2L * i + 1, place == 1 ? value : 0);
            Floats.set(dx, to + width + 2L * i, place == width ? value : 0);
            Floats.set(dx, to + width + 2L * i + 1, place == width + 1 ? value : 0);
        }
    }

    private static void fill(MemorySegment to, long at, float value, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(to, at + i, value);
        }
    }

    /** The last vector may overlap the one before: what was taken once is not larger a second time. */
    @Override
    public void maxTap(MemorySegment x, long xAt, int step, int place, MemorySegment y, long yAt, MemorySegment index,
            long indexAt, int n) {
        if (step > 2 || n < TAP_COUNT) {
            scalarMaxTap(x, xAt, step, place, y, yAt, index, indexAt, n);
            return;
        }
        IntVector places = IntVector.zero(TAP_INTS).addIndex(step);
        for (int i = 0; i < n; i += TAP_COUNT) {
            int q = Math.min(i, n - TAP_COUNT);
            FloatVector best = FloatVector.fromMemorySegment(TAPS, y, (yAt + q) << 2, ORDER);
            IntVector at = IntVector.fromMemorySegment(TAP_INTS, index, (indexAt + q) << 2, ORDER);
            FloatVector next = tap(x, xAt, step, q);
            VectorMask<Float> larger = isLarger(next, best);
            best.blend(next, larger).reinterpretAsInts().intoMemorySegment(y, (yAt + q) << 2, ORDER);
            at.blend(places.add(place + q * step), larger.cast(TAP_INTS))
                    .intoMemorySegment(index, (indexAt + q) << 2, ORDER);
        }
    }

    /**
     * Every element, or every second one. The vector of the upper half begins one element early, so as not to reach
     * beyond the last.
     */
    private static FloatVector tap(MemorySegment x, long xAt, int step, int q) {
        long at = (xAt + (long) q * step) << 2;
        FloatVector low = FloatVector.fromMemorySegment(TAPS, x, at, ORDER);
        if (step == 1) {
            return low;
        }
        FloatVector high = FloatVector.fromMemorySegment(TAPS, x, at + 4L * (TAP_COUNT - 1), ORDER);
        return low.rearrange(LOW).blend(high.rearrange(HIGH), UPPER_HALF);
    }

    private static void scalarMaxTap(MemorySegment x, long xAt, int step, int place, MemorySegment y, long yAt,
            MemorySegment index, long indexAt, int n) {
        for (int q = 0; q < n; q++) {
            float next = Floats.get(x, xAt + (long) q * step);
            if (isLarger(next, Floats.get(y, yAt + q))) {
                Floats.set(y, yAt + q, next);
                index.set(ValueLayout.JAVA_INT, (indexAt + q) << 2, place + q * step);
            }
        }
    }

    @Override
    public void addTap(MemorySegment x, long xAt, int step, MemorySegment y, long yAt, int n) {
        int q = 0;
        if (step <= 2) {
            for (; q <= n - TAP_COUNT; q += TAP_COUNT) {
                FloatVector sum = FloatVector.fromMemorySegment(TAPS, y, (yAt + q) << 2, ORDER);
                sum.add(tap(x, xAt, step, q)).reinterpretAsInts().intoMemorySegment(y, (yAt + q) << 2, ORDER);
            }
        }
        for (; q < n; q++) {
            Floats.set(y, yAt + q, Floats.get(y, yAt + q) + Floats.get(x, xAt + (long) q * step));
        }
    }
}
