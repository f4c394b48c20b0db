package dev.jacobian.cpu.vector;

import dev.jacobian.cpu.ElementRows;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Loops called in such a way that the compiler never makes them part of their callers: through a method
 * handle that is no constant. Inside a caller that has grown large, the compiler gives up on the rest of a loop's vector
 * operations and makes each vector an object: a square then takes 1.6 ns an element instead of 0.2. Called, a loop is
 * compiled alone, and the call costs a few nanoseconds.
 */
final class OutOfLine {
    private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();
    private static final Class<?> MEMORY = MemorySegment.class;

    private OutOfLine() {}

    private static MethodHandle handle(Class<?> type, Object loop, Class<?> result, Class<?>... parameters) {
        try {
            return LOOKUP.findVirtual(type, "run", MethodType.methodType(result, parameters)).bindTo(loop);
        } catch (ReflectiveOperationException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static RuntimeException unchecked(Throwable failure) {
        return switch (failure) {
            case RuntimeException exception -> exception;
            case Error error -> throw error;
            default -> new IllegalStateException(failure);
        };
    }

    /**
     * A loop over n elements of up to three tensors with up to three numbers. Callers pass anything for what a loop does
     * not use, and use what it returns only if that means something.
     */
    @FunctionalInterface
    interface Body {
        float run(MemorySegment x, long xAt, MemorySegment y, long yAt, MemorySegment z, long zAt, int n, float a,
                float b, float c);
    }

    /** Any loop. Not to be kept in a static final field, which would make it a constant. */
    static final class Loop implements Body {
        private final MethodHandle run;

        Loop(Body loop) {
            run = handle(Body.class, loop, float.class, MEMORY, long.class, MEMORY, long.class, MEMORY, long.class,
                    int.class, float.class, float.class, float.class);
        }

        float run(MemorySegment x, long xAt, int n) {
            return run(x, xAt, x, xAt, x, xAt, n, 0, 0, 0);
        }

        float run(MemorySegment x, long xAt, MemorySegment y, long yAt, int n, float a) {
            return run(x, xAt, y, yAt, y, yAt, n, a, 0, 0);
        }

        @Override
        public float run(MemorySegment x, long xAt, MemorySegment y, long yAt, MemorySegment z, long zAt, int n,
                float a, float b, float c) {
            try {
                return (float) run.invokeExact(x, xAt, y, yAt, z, zAt, n, a, b, c);
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }
    }

    /** One operand. */
    static final class Unary implements ElementRows.Unary {
        private final MethodHandle run;

        Unary(ElementRows.Unary loop) {
            run = handle(ElementRows.Unary.class, loop, void.class, MEMORY, long.class, MEMORY, long.class, int.class);
        }

        @Override
        public void run(MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
            try {
                run.invokeExact(x, xAt, y, yAt, n);
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }
    }

    /** Two operands. */
    static final class Binary implements ElementRows.Binary {
        private final MethodHandle both;
        private final MethodHandle left;
        private final MethodHandle right;

        Binary(ElementRows.Binary loop) {
            Class<?> type = ElementRows.Binary.class;
            both = handle(type, loop, void.class, MEMORY, long.class, MEMORY, long.class, MEMORY, long.class,
                    int.class);
            left = handle(type, loop, void.class, MEMORY, long.class, float.class, MEMORY, long.class, int.class);
            right = handle(type, loop, void.class, float.class, MEMORY, long.class, MEMORY, long.class, int.class);
        }

        @Override
        public void run(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
            try {
                both.invokeExact(a, aAt, b, bAt, y, yAt, n);
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }

        @Override
        public void run(MemorySegment a, long aAt, float b, MemorySegment y, long yAt, int n) {
            try {
                left.invokeExact(a, aAt, b, y, yAt, n);
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }

        @Override
        public void run(float a, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
            try {
                right.invokeExact(a, b, bAt, y, yAt, n);
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }
    }

    /** A comparison. */
    static final class Compare implements ElementRows.Compare {
        private final MethodHandle both;
        private final MethodHandle left;

        Compare(ElementRows.Compare loop) {
            Class<?> type = ElementRows.Compare.class;
            both = handle(type, loop, void.class, MEMORY, long.class, MEMORY, long.class, MEMORY, long.class,
                    int.class);
            left = handle(type, loop, void.class, MEMORY, long.class, float.class, MEMORY, long.class, int.class);
        }

        @Override
        public void run(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
            try {
                both.invokeExact(a, aAt, b, bAt, y, yAt, n);
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }

        @Override
        public void run(MemorySegment a, long aAt, float b, MemorySegment y, long yAt, int n) {
            try {
                left.invokeExact(a, aAt, b, y, yAt, n);
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }
    }

    /** A loop over rows of up to three matrices. Callers pass anything for what a loop does not use. */
    @FunctionalInterface
    interface BlockBody {
        void run(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep, MemorySegment z,
                long zAt,
                int rows, int columns, float factor);
    }

    /** Any loop over rows of matrices. Not to be kept in a static final field, which would make it a constant. */
    static final class Block implements BlockBody {
        private final MethodHandle run;

        Block(BlockBody loop) {
            run = handle(BlockBody.class, loop, void.class, MEMORY, long.class, long.class, MEMORY, long.class,
                    long.class,
                    MEMORY, long.class, int.class, int.class, float.class);
        }

        @Override
        public void run(MemorySegment x, long xAt, long xStep, MemorySegment y, long yAt, long yStep, MemorySegment z,
                long zAt, int rows, int columns, float factor) {
            try {
                run.invokeExact(x, xAt, xStep, y, yAt, yStep, z, zAt, rows, columns, factor);
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }
    }

    /** A loop over rows of three matrices. */
    @FunctionalInterface
    interface RowsBody {
        void run(MemorySegment x, long xAt, long xRow, MemorySegment y, long yAt, long yRow, MemorySegment z, long zAt,
                long zRow, int rows, int columns);
    }

    /** Any loop over rows of three matrices. Not to be kept in a static final field, which would make it a constant. */
    static final class Rows implements RowsBody {
        private final MethodHandle run;

        Rows(RowsBody loop) {
            run = handle(RowsBody.class, loop, void.class, MEMORY, long.class, long.class, MEMORY, long.class,
                    long.class, MEMORY, long.class, long.class, int.class, int.class);
        }

        @Override
        public void run(MemorySegment x, long xAt, long xRow, MemorySegment y, long yAt, long yRow, MemorySegment z,
                long zAt, long zRow, int rows, int columns) {
            try {
                run.invokeExact(x, xAt, xRow, y, yAt, yRow, z, zAt, zRow, rows, columns);
            } catch (Throwable failure) {
                throw unchecked(failure);
            }
        }
    }
}
