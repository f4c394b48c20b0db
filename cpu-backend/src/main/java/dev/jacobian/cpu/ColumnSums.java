package dev.jacobian.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Sums over the rows of a matrix that are made chunk by chunk while something else is done to the rows. Chunks depend on
 * the shape alone; each leaves a row of float32 sums, and these are added in groups of {@link BiasActivationRows#ROWS},
 * so that no sum is longer than that.
 */
final class ColumnSums {
    /** Elements in a chunk, where that is neither too few nor too many rows. */
    private static final int CHUNK = 16_384;

    private static final int LEAST_ROWS = 8;

    private final Parallel team;
    private final BiasActivationRows rows;
    private final AtomicReference<MemorySegment> spare = new AtomicReference<>();

    ColumnSums(Parallel team, BiasActivationRows rows) {
        this.team = team;
        this.rows = rows;
    }

    /** Works on some rows. */
    @FunctionalInterface
    interface Chunk {
        /** Works on {@code count} rows from {@code first} on and writes one row of sums, or two. */
        void run(long first, int count, MemorySegment a, long aAt, MemorySegment b, long bAt);
    }

    /** Runs over all of at least one row, and writes n sums to a, and n to b if there are two. */
    void run(int count, int n, MemorySegment a, long aAt, MemorySegment b, long bAt, Chunk body) {
        int chunk = Math.clamp(CHUNK / Math.max(1, n), LEAST_ROWS, BiasActivationRows.ROWS);
        int chunks = Math.ceilDiv(count, chunk);
        if (chunks == 1) {
            body.run(0, count, a, aAt, b, bAt);
            return;
        }
        long half = (long) chunks * n;
        MemorySegment partial = take(8 * half);
        Ranges.tasks(team, chunks, (long) count * n, task -> {
            int first = task * chunk;
            long at = (long) task * n;
            body.run(first, Math.min(chunk, count - first), partial, at, partial, half + at);
        });
        add(partial, 0, chunks, n, a, aAt);
        if (b != null) {
            add(partial, half, chunks, n, b, bAt);
        }
        spare.set(partial);
    }

    private MemorySegment take(long bytes) {
        MemorySegment memory = spare.getAndSet(null);
        return memory == null || memory.byteSize() < bytes ? Arena.ofAuto().allocate(bytes, 64) : memory;
    }

    private void add(MemorySegment partial, long at, int chunks, int n, MemorySegment sums, long sumsAt) {
        int left = chunks;
        while (left > BiasActivationRows.ROWS) {
            int groups = Math.ceilDiv(left, BiasActivationRows.ROWS);
            for (int group = 0; group < groups; group++) {
                int first = group * BiasActivationRows.ROWS;
                rows.sum(partial, at + (long) first * n, partial, at + (long) group * n,
                        Math.min(BiasActivationRows.ROWS, left - first), n);
            }
            left = groups;
        }
        rows.sum(partial, at, sums, sumsAt, left, n);
    }
}
