package dev.jacobian.cpu.vector;

import dev.jacobian.cpu.ElementRows;
import dev.jacobian.cpu.Specialised;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;

/**
 * The template of y = op(x) for functions of many instructions. The compiler stops inlining, and every vector becomes an
 * object, when a method has grown too large, as it does with two such functions in it, one of them for the tail. So the
 * tail is copied to where it can be a whole vector, and goes through the same loop.
 */
final class VectorFunctionLoop implements ElementRows.Unary {
    private static final VectorElementRows.Function1 OP = Specialised.data(MethodHandles.lookup(),
            VectorElementRows.Function1.class);

    @Override
    public void run(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        int rest = n % Lanes.COUNT;
        int whole = n - rest;
        MemorySegment scratch = rest == 0 ? x : Lanes.scratch();
        if (rest != 0) {
            MemorySegment.copy(x, (xAt + whole) << 2, scratch, 0, (long) rest << 2);
        }
        for (int part = rest == 0 ? 1 : 0; part < 2; part++) {
            boolean tail = part == 0;
            vectors(tail ? scratch : x, tail ? 0 : xAt, tail ? scratch : y, tail ? 0 : yAt, tail ? Lanes.COUNT : whole);
        }
        if (rest != 0) {
            MemorySegment.copy(scratch, 0, y, (yAt + whole) << 2, (long) rest << 2);
        }
    }

    private static void vectors(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
        for (int i = 0; i < n; i += Lanes.COUNT) {
            Lanes.store(OP.apply(Lanes.load(x, (xAt + i) << 2)), y, (yAt + i) << 2);
        }
    }
}
