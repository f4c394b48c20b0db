package dev.jacobian.cpu;

/** Which elements of a window, or which windows of a row, are inside of the input. */
final class Windows {
    private Windows() {}

    /** The first i from 0 on with start + i · step ≥ 0. */
    static int firstTap(int start, int step) {
        return start >= 0 ? 0 : Math.ceilDiv(-start, step);
    }

    /** The first i up to {@code count} with start + i · step ≥ length, or count. */
    static int endTap(int start, int count, int step, int length) {
        return start >= length ? 0 : Math.min(count, Math.ceilDiv(length - start, step));
    }
}
