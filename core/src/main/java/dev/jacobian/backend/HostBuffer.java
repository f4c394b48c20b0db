package dev.jacobian.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A block of ordinary memory outside the Java heap, for backends that compute on the CPU. Aligned to 64 bytes, a cache
 * line and a full 512-bit vector, and zeroed when it is new. Access to a block that was freed throws; it cannot crash
 * the process.
 */
public final class HostBuffer implements DeviceBuffer {
    private static final long ALIGNMENT = 64;

    private final Arena arena;
    private final MemorySegment segment;

    private HostBuffer(Arena arena, MemorySegment segment) {
        this.arena = arena;
        this.segment = segment;
    }

    /**
     * Allocates a block.
     *
     * @param bytes its size, not negative
     * @return the block, zeroed
     * @throws IllegalArgumentException if the size is negative
     * @throws OutOfMemoryError if the operating system has no more
     */
    public static HostBuffer allocate(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("host buffer: " + bytes + " bytes, expected at least 0");
        }
        Arena arena = Arena.ofShared();
        try {
            return new HostBuffer(arena, arena.allocate(bytes, ALIGNMENT));
        } catch (Throwable failure) {
            arena.close();
            throw failure;
        }
    }

    /**
     * The memory itself.
     *
     * @return a segment over the whole block
     */
    public MemorySegment segment() {
        return segment;
    }

    /** Gives the memory back to the operating system; later access throws {@link IllegalStateException}. */
    public void free() {
        arena.close();
    }

    @Override
    public long bytes() {
        return segment.byteSize();
    }
}
