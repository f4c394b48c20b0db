package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.ElementRows;
import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.Specialised;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;

/** The template of y = op(a, b). */
final class ScalarBinaryLoop implements ElementRows.Binary {
    private static final ScalarElementRows.Function2 OP = Specialised.data(MethodHandles.lookup(),
            ScalarElementRows.Function2.class);

    @Override
    public void run(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(y, yAt + i, OP.apply(Floats.get(a, aAt + i), Floats.get(b, bAt + i)));
        }
    }

    @Override
    public void run(MemorySegment a, long aAt, float b, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(y, yAt + i, OP.apply(Floats.get(a, aAt + i), b));
        }
    }

    @Override
    public void run(float a, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(y, yAt + i, OP.apply(a, Floats.get(b, bAt + i)));
        }
    }
}
