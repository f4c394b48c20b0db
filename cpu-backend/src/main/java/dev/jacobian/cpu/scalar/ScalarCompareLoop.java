package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.ElementRows;
import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.Specialised;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;

/** The template of y = a op b. */
final class ScalarCompareLoop implements ElementRows.Compare {
    private static final ScalarElementRows.Test2 OP = Specialised.data(MethodHandles.lookup(),
            ScalarElementRows.Test2.class);

    @Override
    public void run(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i++) {
            boolean holds = OP.test(Floats.get(a, aAt + i), Floats.get(b, bAt + i));
            y.set(ValueLayout.JAVA_BYTE, yAt + i, (byte) (holds ? 1 : 0));
        }
    }

    @Override
    public void run(MemorySegment a, long aAt, float b, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i++) {
            y.set(ValueLayout.JAVA_BYTE, yAt + i, (byte) (OP.test(Floats.get(a, aAt + i), b) ? 1 : 0));
        }
    }
}
