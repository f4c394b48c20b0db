package dev.jacobian.cpu;

import java.lang.foreign.MemorySegment;

/** The loops of pooling over planes of float32. Offsets count elements. */
public interface PoolRows {
    /**
     * The maxima of the windows of 2 by 2 elements that tile planes of height by width, and where they are; as
     * {@link dev.jacobian.backend.MaxPool2dKernel} says.
     */
    void maxOfFour(MemorySegment x, long xAt, int planes, int height, int width, MemorySegment y, long yAt,
            MemorySegment index, long indexAt);

    /** Writes planes of height by width: dy in the place of each such window that the index names, 0 in all others. */
    void maxOfFourBackward(MemorySegment dy, long dyAt, MemorySegment index, long indexAt, MemorySegment dx, long dxAt,
            int planes, int height, int width);

    /**
     * One element of each of n windows in a row, {@code step} apart: where x is larger than y, or the first NaN, it
     * becomes y, and place + q · step, with q the window's number, its index.
     */
    void maxTap(MemorySegment x, long xAt, int step, int place, MemorySegment y, long yAt, MemorySegment index,
            long indexAt, int n);

    /** y[q] += x[q · step] for n windows. */
    void addTap(MemorySegment x, long xAt, int step, MemorySegment y, long yAt, int n);
}
