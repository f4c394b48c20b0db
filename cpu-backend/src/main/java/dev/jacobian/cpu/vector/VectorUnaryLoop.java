package dev.jacobian.cpu.vector;

import dev.jacobian.cpu.ElementRows;
import dev.jacobian.cpu.Specialised;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.VectorMask;

/** The template of y = op(x). */
final class VectorUnaryLoop implements ElementRows.Unary {
    private static final VectorElementRows.Function1 OP = Specialised.data(MethodHandles.lookup(),
            VectorElementRows.Function1.class);

    @Override
    public void run(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        int i = 0;
        for (; i <= n - Lanes.COUNT; i += Lanes.COUNT) {
            Lanes.store(OP.apply(Lanes.load(x, (xAt + i) << 2)), y, (yAt + i) << 2);
        }
        if (i < n) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            Lanes.store(OP.apply(Lanes.load(x, (xAt + i) << 2, tail)), y, (yAt + i) << 2, tail);
        }
    }
}
