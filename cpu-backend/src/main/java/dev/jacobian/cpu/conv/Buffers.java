package dev.jacobian.cpu.conv;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** Memory for one task at a time, kept from call to call. What a buffer held is gone when it is asked for again. */
final class Buffers {
    /** A page. */
    private static final int ALIGNMENT = 4096;

    private final Map<Use, MemorySegment> segments = new EnumMap<>(Use.class);
    private long[] offsets = new long[0];

    /** What a buffer is for. */
    enum Use {
        /** Factors that one lane multiplies with. */
        PACKED,
        /** Rearranged images. */
        PLANES,
        /** What each tap sees. */
        SHIFTS,
        /** A register tile, or a row of sums. */
        TILE,
        /** Sums of several tasks. */
        PARTS,
        /** Transformed tiles. */
        TRANSFORMED,
        /** Their products. */
        PRODUCTS
    }

    MemorySegment get(Use use, long bytes) {
        MemorySegment segment = segments.get(use);
        if (segment == null || segment.byteSize() < bytes) {
            segment = Arena.ofAuto().allocate(bytes, ALIGNMENT);
            segments.put(use, segment);
        }
        return segment;
    }

    long[] offsets(int count) {
        if (offsets.length < count) {
            offsets = new long[count];
        }
        return offsets;
    }

    /** Buffers that no task uses at the moment; tasks of calls that run at the same time never share any. */
    static final class Pool {
        private static final int SLOTS = 64;

        private final AtomicReferenceArray<Buffers> free = new AtomicReferenceArray<>(SLOTS);

        Buffers take() {
            for (int i = 0; i < SLOTS; i++) {
                if (free.getPlain(i) != null) {
                    Buffers buffers = free.getAndSet(i, null);
                    if (buffers != null) {
                        return buffers;
                    }
                }
            }
            return new Buffers();
        }

        void giveBack(Buffers buffers) {
            for (int i = 0; i < SLOTS; i++) {
                if (free.getPlain(i) == null && free.compareAndSet(i, null, buffers)) {
                    return;
                }
            }
        }
    }
}
