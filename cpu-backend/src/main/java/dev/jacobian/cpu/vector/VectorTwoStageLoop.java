package dev.jacobian.cpu.vector;

import dev.jacobian.cpu.ElementRows;
import java.lang.foreign.MemorySegment;

/**
 * y = second(x, first(x)), for functions that are too long for one loop (see {@link VectorMath}). What the first makes
 * stays in the nearest cache.
 *
 * @param first the greater part of the work
 * @param second the rest
 */
record VectorTwoStageLoop(ElementRows.Unary first, ElementRows.Binary second) implements ElementRows.Unary {
    @Override
    public void run(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        MemorySegment scratch = Lanes.scratch();
        for (int i = 0; i < n; i += Lanes.SCRATCH_LENGTH) {
            int count = Math.min(Lanes.SCRATCH_LENGTH, n - i);
            first.run(x, xAt + i, scratch, Lanes.COUNT, count);
            second.run(x, xAt + i, scratch, Lanes.COUNT, y, yAt + i, count);
        }
    }
}
