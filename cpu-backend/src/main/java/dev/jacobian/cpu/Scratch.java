package dev.jacobian.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Small blocks of memory, a set for each thread, in which operands that do not lie densely are gathered while they are
 * in the nearest cache. Native like all tensors: loops that also saw heap memory would be compiled for both.
 */
final class Scratch {
    /** Elements of 8 bytes in each block. */
    static final int LENGTH = 1024;

    private static final int BLOCKS = 4;
    private static final ThreadLocal<MemorySegment[]> OF_THREAD = ThreadLocal.withInitial(Scratch::allocate);

    private Scratch() {}

    /** The calling thread's blocks, for one kernel's use at a time. */
    static MemorySegment[] blocks() {
        return OF_THREAD.get();
    }

    private static MemorySegment[] allocate() {
        MemorySegment[] blocks = new MemorySegment[BLOCKS];
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = Arena.ofAuto().allocate(8L * LENGTH, 64);
        }
        return blocks;
    }
}
