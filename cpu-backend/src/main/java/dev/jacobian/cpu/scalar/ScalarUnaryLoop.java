package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.ElementRows;
import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.Specialised;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;

/** The template of y = op(x). */
final class ScalarUnaryLoop implements ElementRows.Unary {
    private static final ScalarElementRows.Function1 OP = Specialised.data(MethodHandles.lookup(),
            ScalarElementRows.Function1.class);

    @Override
    public void run(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(y, yAt + i, OP.apply(Floats.get(x, xAt + i)));
        }
    }
}
