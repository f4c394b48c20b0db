package dev.jacobian.cpu;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.UnaryOp;
import java.lang.foreign.MemorySegment;

/**
 * Elementwise loops over runs of float32 that lie densely. Offsets count elements. The output may be the very run of an
 * input. What an element's result is never depends on its place in the run.
 */
public interface ElementRows {
    /** y = op(x). */
    interface Unary {
        /** Runs over n elements. */
        void run(MemorySegment x, long xAt, MemorySegment y, long yAt, int n);
    }

    /** y = op(a, b), with each operand a run or, where it is a number, that number throughout. */
    interface Binary {
        /** Both operands are runs. */
        void run(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n);

        /** The right operand is one number. */
        void run(MemorySegment a, long aAt, float b, MemorySegment y, long yAt, int n);

        /** The left operand is one number. */
        void run(float a, MemorySegment b, long bAt, MemorySegment y, long yAt, int n);
    }

    /** y = a op b as bytes 0 and 1. */
    interface Compare {
        /** Both operands are runs. */
        void run(MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n);

        /** The right operand is one number. */
        void run(MemorySegment a, long aAt, float b, MemorySegment y, long yAt, int n);
    }

    /** The loop of one function. */
    Unary unary(UnaryOp op);

    /** The loop of one function. */
    Binary binary(BinaryOp op);

    /** The loop of one comparison. */
    Compare compare(CompareOp op);

    /** y = condition ? a : b; condition has a byte 0 or 1 for each element. */
    void where(
            MemorySegment condition,
            long conditionAt,
            MemorySegment a,
            long aAt,
            MemorySegment b,
            long bAt,
            MemorySegment y,
            long yAt,
            int n);
}
