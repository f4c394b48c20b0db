package dev.jacobian.cpu.vector;

import dev.jacobian.cpu.ElementRows;
import dev.jacobian.cpu.Specialised;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** The template of y = op(a, b). */
final class VectorBinaryLoop implements ElementRows.Binary {
    private static final VectorElementRows.Function2 OP = Specialised.data(MethodHandles.lookup(),
            VectorElementRows.Function2.class);

    @Override
    public void run(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
        int i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            FloatVector value = OP.apply(Lanes.load(a, (aAt + i) << 2), Lanes.load(b, (bAt + i) << 2));
            Lanes.store(value, y, (yAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector value = OP.apply(Lanes.load(a, (aAt + i) << 2, tail), Lanes.load(b, (bAt + i) << 2, tail));
            Lanes.store(value, y, (yAt + i) << 2, tail);
        }
    }

    @Override
    public void run(MemorySegment a, long aAt, float b, MemorySegment y, long yAt, int n) {
        FloatVector right = Lanes.all(b);
        int i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            Lanes.store(OP.apply(Lanes.load(a, (aAt + i) << 2), right), y, (yAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            Lanes.store(OP.apply(Lanes.load(a, (aAt + i) << 2, tail), right), y, (yAt + i) << 2, tail);
        }
    }

    @Override
    public void run(float a, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
        FloatVector left = Lanes.all(a);
        int i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            Lanes.store(OP.apply(left, Lanes.load(b, (bAt + i) << 2)), y, (yAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            Lanes.store(OP.apply(left, Lanes.load(b, (bAt + i) << 2, tail)), y, (yAt + i) << 2, tail);
        }
    }
}
