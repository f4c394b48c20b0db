package dev.jacobian.cpu;

import dev.jacobian.backend.View;
import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Attention in blocks of queries and keys, with the register tiles of the matrix product: the scores of a block go from
 * their product to their exponentials to the product with the values in the near caches, and are never stored (Dao et
 * al., 2022). Of causal attention, tiles above the diagonal are left out.
 *
 * <p>Scores are kept with a row for each key and a column for each query: maxima and sums over keys then need no sums over
 * the lanes of a vector, only queries are transposed, and keys and values are read where they are. They are in powers of
 * 2, which are cheaper than those of e.
 *
 * <p>A query's result does not depend on which others are computed with it, as long as all keys and values are finite.
 * The backward pass of a head is one task, since it adds to the gradients of its queries, keys and values in turn.
 */
final class CpuAttention {
    /** Queries of a task of the forward pass, about. */
    private static final int QUERIES = 64;

    /** Keys of a block of the forward pass. */
    private static final int KEYS = 256;

    /** Queries and keys of a block of the backward pass: its scores and their gradients fit the second-level cache. */
    private static final int BLOCK = 128;

    /** Below this many multiply-adds it runs in the calling thread, as a matrix product does. */
    private static final long PARALLEL_WORK = 1L << 19;

    private static final double LOG2_E = 1 / Math.log(2);
    private static final long FLOAT = Float.BYTES;
    private static final ThreadLocal<Room> ROOM = ThreadLocal.withInitial(Room::new);

    private final Parallel team;
    private final GemmKernel gemm;
    private final AttentionRows loops;

    /** Strips of queries that both the tiles and the loops take whole. */
    private final int unit;

    CpuAttention(Parallel team, GemmKernel gemm, AttentionRows loops) {
        this.team = team;
        this.gemm = gemm;
        this.loops = loops;
        this.unit = Math.max(gemm.lanes(), loops.lanes());
    }

    /** What one thread needs besides operands, kept from call to call. */
    private static final class Room {
        MemorySegment queries = MemorySegment.NULL;
        MemorySegment outputGradients = MemorySegment.NULL;
        MemorySegment[] padded = {MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL};
        MemorySegment scores = MemorySegment.NULL;
        MemorySegment gradients = MemorySegment.NULL;
        MemorySegment product = MemorySegment.NULL;
        MemorySegment sums = MemorySegment.NULL;
        MemorySegment state = MemorySegment.NULL;
        MemorySegment tile = MemorySegment.NULL;

        static MemorySegment atLeast(long floats, MemorySegment had) {
            return had.byteSize() >= floats * FLOAT ? had : Arena.ofAuto().allocate(floats * FLOAT, 4096);
        }
    }

    /** The rows of one head in memory: where the first begins, and the step to the next, in elements. */
    private record Rows(MemorySegment memory, long at, long step, int count) {
        static Rows of(View view, int head) {
            long at = view.offset() + head / view.dim(1) * view.stride(0) + head % view.dim(1) * view.stride(1);
            return new Rows(Floats.memory(view), at, view.stride(2), view.dim(2));
        }

        long row(int index) {
            return at + index * step;
        }

        void clear(int from, int width) {
            for (int i = from; i < count; i++) {
                memory.asSlice(row(i) * FLOAT, width * FLOAT).fill((byte) 0);
            }
        }
    }

    /** Panels of columns of a few rows, as right-hand sides of products: in place, or packed where they need padding. */
    private record Panels(MemorySegment memory, long at, long step, boolean packed, int rows) {
        /** Where a panel begins, in bytes. */
        long offset(int column, int row, int width) {
            return packed ? ((long) column * rows + (long) row * width) * FLOAT : (at + row * step + column) * FLOAT;
        }

        long rowBytes(int width) {
            return (packed ? width : step) * FLOAT;
        }
    }

    private int lanesUp(int n) {
        return Math.ceilDiv(n, gemm.lanes()) * gemm.lanes();
    }

    private int unitsUp(int n) {
        return Math.ceilDiv(n, unit) * unit;
    }

    private Panels panels(Rows x, int from, int count, int width, Room room, int slot) {
        if (width % gemm.lanes() == 0) {
            return new Panels(x.memory, x.row(from), x.step, false, count);
        }
        room.padded[slot] = Room.atLeast((long) count * lanesUp(width), room.padded[slot]);
        for (int j = 0; j < width; j += gemm.tileColumns()) {
            int wide = Math.min(gemm.tileColumns(), width - j);
            gemm.packPanel(x.memory, (x.row(from) + j) * FLOAT, x.step * FLOAT, FLOAT, count, wide, lanesUp(wide),
                    room.padded[slot], (long) j * count * FLOAT);
        }
        return new Panels(room.padded[slot], 0, 0, true, count);
    }

    /** Packs the transposes of rows, panel after panel of {@code width · tileColumns} elements. */
    private MemorySegment transposed(Rows x, int from, int count, int width, MemorySegment had) {
        MemorySegment packed = Room.atLeast((long) lanesUp(count) * width, had);
        for (int j = 0; j < count; j += gemm.tileColumns()) {
            int wide = Math.min(gemm.tileColumns(), count - j);
            gemm.packPanel(x.memory, x.row(from + j) * FLOAT, FLOAT, x.step * FLOAT, width, wide, lanesUp(wide), packed,
                    (long) j * width * FLOAT);
        }
        return packed;
    }

    /** A block of scores, or of products like them. */
    private final class Block {
        private final boolean causal;
        private final int width;
        private final Room room;
        private final int step;

        Block(boolean causal, int width, int queries, Room room) {
            this.causal = causal;
            this.width = width;
            this.room = room;
            step = unitsUp(queries) + unit; // no power of 2: columns are read too
            room.tile = Room.atLeast((long) gemm.tileRows() * gemm.tileColumns(), room.tile);
        }

        /** The keys of a block that a query sees, or some of which those before it see. */
        int seen(int query, int from, int count) {
            return causal ? Math.clamp((long) query + 1 - from, 0, count) : count;
        }

        /** Products of rows with transposed ones; causal, where a vector of queries sees the key. */
        void product(Rows rows, int from, int count, MemorySegment packed, int first, int queries, MemorySegment out) {
            int tileRows = gemm.tileRows();
            for (int s = 0; s < count; s += tileRows) {
                int real = Math.min(tileRows, count - s);
                int hidden = causal ? Math.max(0, from + s - first) / gemm.lanes() * gemm.lanes() : 0;
                for (int j = 0; j < queries; j += gemm.tileColumns()) {
                    int panel = lanesUp(Math.min(gemm.tileColumns(), queries - j));
                    int skip = Math.clamp(hidden - j, 0, panel);
                    if (skip < panel) {
                        tile(rows.memory, rows.row(from + s), rows.step, real, packed, (long) j * width + skip, panel,
                                panel - skip, out, (long) s * step + j + skip);
                    }
                }
            }
        }

        private void tile(MemorySegment a, long at, long aStep, int real, MemorySegment packed, long panelAt, int panel,
                int wide, MemorySegment out, long to) {
            for (int p = 0; p < width; p += gemm.maxDepth()) {
                int depth = Math.min(gemm.maxDepth(), width - p);
                long from = (panelAt + (long) p * panel) * FLOAT;
                gemm.tile(a, (at + p) * FLOAT, aStep * FLOAT, FLOAT, real, packed, from, panel * FLOAT, wide, depth,
                        p == 0 ? out : room.tile, p == 0 ? to * FLOAT : 0, (p == 0 ? step : wide) * FLOAT);
                if (p > 0) {
                    gemm.flush(room.tile, 0, wide * FLOAT, real, wide, true, out, to * FLOAT, step * FLOAT);
                }
            }
        }

        /** Rows of a tile of xᵀ · b, or of x · b, from one of b's rows on. */
        void weighted(MemorySegment x, long at, boolean transposed, int real, Panels b, int bFrom, int depth,
                MemorySegment out, long outAt, long outStep) {
            for (int j = 0; j < width; j += gemm.tileColumns()) {
                int padded = lanesUp(Math.min(gemm.tileColumns(), width - j));
                gemm.tile(x, at * FLOAT, (transposed ? 1 : step) * FLOAT, (transposed ? step : 1) * FLOAT, real,
                        b.memory, b.offset(j, bFrom, padded), b.rowBytes(padded), padded, depth, out,
                        (outAt + j) * FLOAT, outStep * FLOAT);
            }
        }
    }

    // ---- forward

    void forward(View q, View k, View v, double scale, boolean causal, View y, View logSumExp) {
        int heads = q.dim(0) * q.dim(1);
        int queries = q.dim(2);
        int size = Math.ceilDiv(QUERIES, gemm.tileColumns()) * gemm.tileColumns();
        int blocks = Math.ceilDiv(queries, size);
        run(heads * blocks, work(q, k), (task, _) -> {
            int head = task / blocks;
            int from = task % blocks * size;
            new Forward(Rows.of(q, head), Rows.of(k, head), Rows.of(v, head), q.dim(3), (float) (scale * LOG2_E),
                    causal,
                    Rows.of(y, head), Floats.memory(logSumExp), logSumExp.offset() + (long) head * queries, from,
                    Math.min(size, queries - from), ROOM.get()).run();
        });
    }

    private static long work(View q, View k) {
        return 2 * q.size() * k.dim(2);
    }

    private void run(int tasks, long work, Parallel.TaskBody body) {
        if (work >= PARALLEL_WORK) {
            team.run(tasks, body);
            return;
        }
        for (int task = 0; task < tasks; task++) {
            body.run(task, 0);
        }
    }

    /** The forward pass of some queries of a head. */
    private final class Forward {
        private final Rows q;
        private final Rows k;
        private final Rows v;
        private final int width;
        private final float scale;
        private final boolean causal;
        private final Rows y;
        private final MemorySegment logSumExp;
        private final long logAt;
        private final int first;
        private final int count;
        private final Room room;
        private final Block block;
        private final int tileRows = gemm.tileRows();
        private final int columns;
        private final int sumStep;

        Forward(Rows q, Rows k, Rows v, int width, float scale, boolean causal, Rows y, MemorySegment logSumExp,
                long logAt, int first, int count, Room room) {
            this.q = q;
            this.k = k;
            this.v = v;
            this.width = width;
            this.scale = scale;
            this.causal = causal;
            this.y = y;
            this.logSumExp = logSumExp;
            this.logAt = logAt;
            this.first = first;
            this.count = count;
            this.room = room;
            block = new Block(causal, width, count, room);
            columns = unitsUp(count);
            sumStep = lanesUp(width);
        }

        void run() {
            int seen = block.seen(first + count - 1, 0, k.count);
            room.scores = Room.atLeast((long) (Math.min(KEYS, seen) + tileRows) * block.step, room.scores);
            room.sums = Room.atLeast((long) (count + tileRows) * sumStep, room.sums);
            room.product = Room.atLeast((long) (count + tileRows) * sumStep, room.product);
            room.state = Room.atLeast(5L * columns, room.state);
            room.queries = transposed(q, first, count, width, room.queries);
            loops.scale(room.queries, 0, lanesUp(count) * width, scale);
            for (int i = 0; i < columns; i++) {
                Floats.set(room.state, max() + i, Float.NEGATIVE_INFINITY);
                Floats.set(room.state, sum() + i, 0);
            }
            for (int from = 0; from < seen; from += KEYS) {
                keys(from, Math.min(KEYS, seen - from));
            }
            loops.finish(room.state, columns, logSumExp, logAt + first, count);
            if (seen == 0) {
                y.clear(0, width);
            } else {
                loops.scaleRows(room.sums, 0, sumStep, room.state, sum(), y.memory, y.row(first), y.step, count, width);
            }
        }

        // What is kept of each query, in room.state.
        private int max() {
            return 0;
        }

        private int newMax() {
            return columns;
        }

        private int sum() {
            return 2 * columns;
        }

        private int part() {
            return 3 * columns;
        }

        private int factor() {
            return 4 * columns;
        }

        private void keys(int from, int keys) {
            block.product(k, from, keys, room.queries, first, count, room.scores);
            for (int j = 0; j < columns; j += loops.lanes()) {
                softmax(j, from, keys);
            }
            loops.join(room.state, columns);
            Panels values = panels(v, from, keys, width, room, 0);
            MemorySegment out = from == 0 ? room.sums : room.product;
            int start = causal ? Math.max(0, from - first) : 0;
            for (int t = start; t < count; t += tileRows) {
                int real = Math.min(tileRows, count - t);
                block.weighted(room.scores, t, true, real, values, 0, block.seen(first + t + real - 1, from, keys), out,
                        (long) t * sumStep, sumStep);
            }
            if (from > 0) {
                long at = (long) start * sumStep;
                loops.scaleAddRows(room.product, at, sumStep, room.state, factor() + start, room.sums, at, sumStep,
                        count - start, width);
            }
        }

        /** Makes scores of a strip of queries exponentials against the largest so far. */
        private void softmax(int j, int from, int keys) {
            int query = first + j;
            int seen = block.seen(query + loops.lanes() - 1, from, keys);
            if (causal && query < from + seen) {
                loops.hide(room.scores, j, block.step, 0, seen, query - from, Float.NEGATIVE_INFINITY);
            }
            loops.max(room.scores, j, block.step, seen, room.state, max() + j, newMax() + j);
            loops.exp(room.scores, j, block.step, seen, room.state, newMax() + j, part() + j);
            // A tile of queries reaches as far as its last one.
            loops.hide(room.scores, j, block.step, seen, Math.min(keys, seen + tileRows), seen - loops.lanes(), 0);
        }
    }

    // ---- backward

    void backward(View q, View k, View v, View y, View logSumExp, View dy, double scale, boolean causal, View dq,
            View dk, View dv) {
        int heads = q.dim(0) * q.dim(1);
        run(heads, work(q, k), (head, _) -> new Backward(Rows.of(q, head), Rows.of(k, head), Rows.of(v, head),
                Rows.of(y, head), Floats.memory(logSumExp), logSumExp.offset() + (long) head * q.dim(2),
                Rows.of(dy, head), q.dim(3), scale, causal, Rows.of(dq, head), Rows.of(dk, head),
                Rows.of(dv, head), ROOM.get()).run());
    }

    /** The backward pass of a head. */
    private final class Backward {
        private final Rows q;
        private final Rows k;
        private final Rows v;
        private final Rows y;
        private final MemorySegment logSumExp;
        private final long logAt;
        private final Rows dy;
        private final int width;
        private final double scale;
        private final boolean causal;
        private final Rows dq;
        private final Rows dk;
        private final Rows dv;
        private final Room room;
        private final Block block;
        private final int tileRows = gemm.tileRows();
        private final int sumStep;

        Backward(Rows q, Rows k, Rows v, Rows y, MemorySegment logSumExp, long logAt, Rows dy, int width, double scale,
                boolean causal, Rows dq, Rows dk, Rows dv, Room room) {
            this.q = q;
            this.k = k;
            this.v = v;
            this.y = y;
            this.logSumExp = logSumExp;
            this.logAt = logAt;
            this.dy = dy;
            this.width = width;
            this.scale = scale;
            this.causal = causal;
            this.dq = dq;
            this.dk = dk;
            this.dv = dv;
            this.room = room;
            block = new Block(causal, width, Math.min(BLOCK, q.count), room);
            sumStep = lanesUp(width);
        }

        void run() {
            int queries = q.count;
            int keys = causal ? Math.min(k.count, queries) : k.count;
            if (queries == 0 || keys == 0) {
                dq.clear(0, width);
                dk.clear(0, width);
                dv.clear(0, width);
                return;
            }
            dk.clear(keys, width);
            dv.clear(keys, width);
            // A tile writes whole: the last may reach below the block.
            long floats = (long) (Math.min(BLOCK, keys) + tileRows) * block.step;
            room.scores = Room.atLeast(floats, room.scores);
            room.gradients = Room.atLeast(floats, room.gradients);
            room.product = Room.atLeast((long) (BLOCK + tileRows) * sumStep, room.product);
            room.state = Room.atLeast(3L * unitsUp(BLOCK), room.state);
            for (int i = 0; i < BLOCK; i++) {
                Floats.set(room.state, ones() + i, 1);
            }
            for (int t = 0; t < queries; t += BLOCK) {
                queries(t, Math.min(BLOCK, queries - t), keys);
            }
        }

        private int ones() {
            return 2 * unitsUp(BLOCK);
        }

        private void queries(int first, int count, int keys) {
            room.queries = transposed(q, first, count, width, room.queries);
            loops.scale(room.queries, 0, lanesUp(count) * width, (float) (scale * LOG2_E));
            room.outputGradients = transposed(dy, first, count, width, room.outputGradients);
            MemorySegment.copy(logSumExp, (logAt + first) * FLOAT, room.state, 0, count * FLOAT);
            loops.dots(dy.memory, dy.row(first), dy.step, y.memory, y.row(first), y.step, count, width, room.state,
                    unitsUp(BLOCK));
            Panels queryRows = panels(q, first, count, width, room, 0);
            Panels gradientRows = panels(dy, first, count, width, room, 1);
            int seen = block.seen(first + count - 1, 0, keys);
            for (int from = 0; from < seen; from += BLOCK) {
                keys(first, count, from, Math.min(BLOCK, seen - from), queryRows, gradientRows);
            }
        }

        private void keys(int first, int count, int from, int keys, Panels queryRows, Panels gradientRows) {
            block.product(k, from, keys, room.queries, first, count, room.scores);
            block.product(v, from, keys, room.outputGradients, first, count, room.gradients);
            for (int j = 0; j < count; j += loops.lanes()) {
                gradient(first, j, from, keys);
            }
            int start = causal ? Math.max(0, from - first) : 0;
            Panels keyRows = panels(k, from, keys, width, room, 2);
            for (int t = start; t < count; t += tileRows) {
                int real = Math.min(tileRows, count - t);
                block.weighted(room.gradients, t, true, real, keyRows, 0, block.seen(first + t + real - 1, from, keys),
                        room.product, (long) t * sumStep, sumStep);
            }
            flush(from > 0, dq, first, start, count);
            boolean add = causal ? first > from : first > 0;
            overQueries(room.scores, first, count, from, keys, gradientRows, dv, add);
            overQueries(room.gradients, first, count, from, keys, queryRows, dk, add);
        }

        private void overQueries(MemorySegment x, int first, int count, int from, int keys, Panels b, Rows out,
                boolean add) {
            for (int s = 0; s < keys; s += tileRows) {
                int skipped = causal ? Math.clamp((long) from + s - first, 0, count) : 0;
                block.weighted(x, (long) s * block.step + skipped, false, Math.min(tileRows, keys - s), b, skipped,
                        count - skipped, room.product, (long) s * sumStep, sumStep);
            }
            flush(add, out, from, 0, keys);
        }

        private void flush(boolean add, Rows out, int first, int from, int to) {
            long at = (long) from * sumStep;
            if (add) {
                loops.scaleAddRows(room.product, at, sumStep, room.state, ones(), out.memory, out.row(first + from),
                        out.step, to - from, width);
            } else {
                loops.scaleRows(room.product, at, sumStep, room.state, ones(), out.memory, out.row(first + from),
                        out.step, to - from, width);
            }
        }

        /** Makes scores of a strip of queries probabilities, and gradients of these gradients of scores. */
        private void gradient(int first, int j, int from, int keys) {
            int query = first + j;
            int seen = block.seen(query + loops.lanes() - 1, from, keys);
            loops.gradient(room.scores, room.gradients, j, block.step, seen, room.state, j, unitsUp(BLOCK),
                    (float) scale);
            if (causal) {
                // Tiles of queries, and of keys, reach beyond the diagonal.
                int to = Math.min(keys, seen + tileRows);
                loops.hide(room.scores, j, block.step, 0, to, query - from, 0);
                loops.hide(room.gradients, j, block.step, 0, to, query - from, 0);
            }
        }
    }
}
