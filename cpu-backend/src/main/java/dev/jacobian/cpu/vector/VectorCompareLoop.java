package dev.jacobian.cpu.vector;

import dev.jacobian.cpu.ElementRows;
import dev.jacobian.cpu.Specialised;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** The template of y = a op b: sixteen comparisons at a time, spread to sixteen bytes. */
final class VectorCompareLoop implements ElementRows.Compare {
    private static final VectorOperators.Comparison OP = Specialised.data(MethodHandles.lookup(),
            VectorOperators.Comparison.class);
    private static final int GROUP = 16;
    private static final long LOW_BITS = 0x0101010101010101L;

    @Override
    public void run(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
        int i = 0;
        for (; i <= n - GROUP; i += GROUP) {
            long bits = 0;
            for (int j = 0; j < GROUP; j += Lanes.COUNT) {
                FloatVector left = Lanes.load(a, (aAt + i + j) << 2);
                bits |= left.compare(OP, Lanes.load(b, (bAt + i + j) << 2)).toLong() << j;
            }
            spread(bits, y, yAt + i);
        }
        for (; i < n; i += Lanes.COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector left = Lanes.load(a, (aAt + i) << 2, tail);
            long bits = left.compare(OP, Lanes.load(b, (bAt + i) << 2, tail)).toLong();
            some(bits, y, yAt + i, Math.min(Lanes.COUNT, n - i));
        }
    }

    @Override
    public void run(MemorySegment a, long aAt, float b, MemorySegment y, long yAt, int n) {
        FloatVector right = Lanes.all(b);
        int i = 0;
        for (; i <= n - GROUP; i += GROUP) {
            long bits = 0;
            for (int j = 0; j < GROUP; j += Lanes.COUNT) {
                bits |= Lanes.load(a, (aAt + i + j) << 2).compare(OP, right).toLong() << j;
            }
            spread(bits, y, yAt + i);
        }
        for (; i < n; i += Lanes.COUNT) {
            long bits = Lanes.load(a, (aAt + i) << 2, Lanes.tail(i, n)).compare(OP, right).toLong();
            some(bits, y, yAt + i, Math.min(Lanes.COUNT, n - i));
        }
    }

    private static void spread(long bits, MemorySegment y, long at) {
        y.set(ValueLayout.JAVA_LONG_UNALIGNED, at, Long.expand(bits & 0xFF, LOW_BITS));
        y.set(ValueLayout.JAVA_LONG_UNALIGNED, at + 8, Long.expand(bits >>> 8, LOW_BITS));
    }

    private static void some(long bits, MemorySegment y, long at, int n) {
        for (int i = 0; i < n; i++) {
            y.set(ValueLayout.JAVA_BYTE, at + i, (byte) (bits >>> i & 1));
        }
    }
}
