package dev.jacobian.cpu.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** The packing buffers of one task at a time, kept from product to product. */
final class Workspace {

    /** A page: packed panels that start at one need fewer entries in the processor's address cache. */
    private static final int ALIGNMENT = 4096;

    private final MemorySegment panels;
    private final MemorySegment tile;
    private MemorySegment rows = MemorySegment.NULL;

    private Workspace(long panelBytes, long tileBytes) {
        panels = Arena.ofAuto().allocate(panelBytes, ALIGNMENT);
        tile = Arena.ofAuto().allocate(tileBytes, ALIGNMENT);
    }

    /** Room for the packed panels of one slab of B. */
    MemorySegment panels() {
        return panels;
    }

    /** Room for one register tile. */
    MemorySegment tile() {
        return tile;
    }

    /** Room for packed rows of A or for a vector, at least {@code bytes} long; what it held before may be gone. */
    MemorySegment rows(long bytes) {
        if (rows.byteSize() < bytes) {
            rows = Arena.ofAuto().allocate(bytes, ALIGNMENT);
        }
        return rows;
    }

    /**
     * Workspaces that no task uses at the moment. Tasks borrow one instead of owning one by worker number, so that
     * products that several threads start at the same time never share a buffer.
     */
    static final class Pool {

        private static final int SLOTS = 64;

        private final AtomicReferenceArray<Workspace> free = new AtomicReferenceArray<>(SLOTS);
        private final long panelBytes;
        private final long tileBytes;

        Pool(long panelBytes, long tileBytes) {
            this.panelBytes = panelBytes;
            this.tileBytes = tileBytes;
        }

        Workspace take() {
            for (int i = 0; i < SLOTS; i++) {
                if (free.getPlain(i) != null) {
                    Workspace workspace = free.getAndSet(i, null);
                    if (workspace != null) {
                        return workspace;
                    }
                }
            }
            return new Workspace(panelBytes, tileBytes);
        }

        void giveBack(Workspace workspace) {
            for (int i = 0; i < SLOTS; i++) {
                if (free.getPlain(i) == null && free.compareAndSet(i, null, workspace)) {
                    return;
                }
            }
        }
    }
}
