package dev.jacobian.cpu;

import dev.jacobian.backend.View;
import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Attention in blocks of queries and keys, with the register tiles of the matrix product: the scores of a few queries go
 * from their product to their exponentials to the product with the values in the nearest cache, and are never stored
 * (Dao et al., 2022). Of causal attention, tiles above the diagonal are left out.
 *
 * <p>A query's result does not depend on which others are computed with it, as long as all keys and values are finite.
 * The backward pass of a head is one task, since it adds to the gradients of its queries, keys and values in turn.
 */
final class CpuAttention {
    /** Queries and keys of a block of the backward pass: its scores and their gradients fit the second-level cache. */
    private static final int BLOCK = 128;

    /** Queries of a task of the forward pass, which packs the keys anew. */
    private static final int TASK_QUERIES = 384;

    /** The same where heads alone make too few tasks. */
    private static final int FEW_QUERIES = 96;

    private static final int MANY_HEADS = 8;

    /** Below this many multiply-adds it runs in the calling thread, as a matrix product does. */
    private static final long PARALLEL_WORK = 1L << 19;

    private static final long FLOAT = Float.BYTES;
    private static final ThreadLocal<Room> ROOM = ThreadLocal.withInitial(Room::new);

    private final Parallel team;
    private final GemmKernel gemm;
    private final AttentionRows rows;

    CpuAttention(Parallel team, GemmKernel gemm, AttentionRows rows) {
        this.team = team;
        this.gemm = gemm;
        this.rows = rows;
    }

    /** What one thread needs besides operands, kept from call to call. */
    private static final class Room {
        MemorySegment keys = MemorySegment.NULL;
        MemorySegment values = MemorySegment.NULL;
        MemorySegment[] padded = {MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL};
        MemorySegment scores = MemorySegment.NULL;
        MemorySegment gradients = MemorySegment.NULL;
        MemorySegment tile = MemorySegment.NULL;
        MemorySegment sums = MemorySegment.NULL;
        float[] max = {};
        double[] sum = {};
        float[] factors;

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

    /** A tile of rows of a · bᵀ, up to column {@code seen} of the {@code count} that are packed, for rows to follow. */
    private void scores(Rows a, int row, int real, int width, MemorySegment packed, int count, int seen,
            MemorySegment out, long outAt, long outStep, Room room) {
        int widest = gemm.tileColumns();
        for (int j = 0; j < seen; j += widest) {
            long panelRow = lanesUp(Math.min(widest, count - j)) * FLOAT;
            int wide = lanesUp(Math.min(widest, seen - j));
            for (int p = 0; p < width; p += gemm.maxDepth()) {
                int depth = Math.min(gemm.maxDepth(), width - p);
                long panel = (long) j * width * FLOAT + p * panelRow;
                long to = (outAt + j) * FLOAT;
                if (p == 0) {
                    gemm.tile(a.memory, a.row(row) * FLOAT, a.step * FLOAT, FLOAT, real, packed, panel, panelRow, wide,
                            depth, out, to, outStep * FLOAT);
                } else {
                    gemm.tile(a.memory, (a.row(row) + p) * FLOAT, a.step * FLOAT, FLOAT, real, packed, panel, panelRow,
                            wide, depth, room.tile, 0, wide * FLOAT);
                    gemm.flush(room.tile, 0, wide * FLOAT, real, wide, true, out, to, outStep * FLOAT);
                }
            }
        }
    }

    // ---- forward

    void forward(View q, View k, View v, double scale, boolean causal, View y, View logSumExp) {
        int heads = q.dim(0) * q.dim(1);
        int queries = q.dim(2);
        int size = heads < MANY_HEADS ? FEW_QUERIES : TASK_QUERIES;
        int blocks = Math.ceilDiv(queries, size);
        run(heads * blocks, work(q, k), (task, _) -> {
            int head = task / blocks;
            int from = task % blocks * size;
            new Forward(Rows.of(q, head), Rows.of(k, head), Rows.of(v, head), q.dim(3), (float) scale, causal,
                    Rows.of(y, head), Floats.memory(logSumExp), logSumExp.offset() + (long) head * queries, ROOM.get())
                    .run(from, Math.min(from + size, queries));
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
        private final Room room;
        private final int tileRows = gemm.tileRows();
        private final int blockKeys = gemm.maxDepth();
        private final int scoreStep = lanesUp(blockKeys) + gemm.lanes();

        Forward(Rows q, Rows k, Rows v, int width, float scale, boolean causal, Rows y, MemorySegment logSumExp,
                long logAt, Room room) {
            this.q = q;
            this.k = k;
            this.v = v;
            this.width = width;
            this.scale = scale;
            this.causal = causal;
            this.y = y;
            this.logSumExp = logSumExp;
            this.logAt = logAt;
            this.room = room;
        }

        void run(int first, int last) {
            int seen = causal ? Math.min(k.count, last) : k.count;
            int rowsHere = last - first;
            room.scores = Room.atLeast((long) tileRows * scoreStep, room.scores);
            room.factors = room.factors == null ? new float[tileRows] : room.factors;
            room.tile = Room.atLeast((long) tileRows * Math.max(lanesUp(width), gemm.tileColumns()), room.tile);
            if (room.max.length < rowsHere) {
                room.max = new float[rowsHere];
                room.sum = new double[rowsHere];
            }
            Arrays.fill(room.max, 0, rowsHere, Float.NEGATIVE_INFINITY);
            Arrays.fill(room.sum, 0, rowsHere, 0);
            boolean once = seen <= blockKeys;
            if (!once) {
                room.sums = Room.atLeast((long) rowsHere * width, room.sums);
                room.sums.asSlice(0, (long) rowsHere * width * FLOAT).fill((byte) 0);
            }
            for (int from = 0; from < seen; from += blockKeys) {
                int count = Math.min(blockKeys, seen - from);
                room.keys = transposed(k, from, count, width, room.keys);
                Panels values = panels(v, from, count, width, room, 0);
                for (int t = causal ? Math.max(first, from) : first; t < last; t += tileRows) {
                    tile(first, t, Math.min(tileRows, last - t), from, count, values, once);
                }
            }
            for (int t = first; t < last; t++) {
                double sum = room.sum[t - first];
                if (seen == 0) {
                    y.memory.asSlice(y.row(t) * FLOAT, width * FLOAT).fill((byte) 0);
                } else if (!once) {
                    rows.scale(room.sums, (long) (t - first) * width, (float) (1 / sum), y.memory, y.row(t), width);
                }
                float logarithm = seen > 0 && sum == 0 ? Float.NaN : (float) (room.max[t - first] + Math.log(sum));
                Floats.set(logSumExp, logAt + t, logarithm);
            }
        }

        /** Some queries, as many as a register tile has rows, and one block of keys. */
        private void tile(int first, int t, int real, int from, int count, Panels values, boolean once) {
            int seen = causal ? Math.min(count, t + real - from) : count;
            scores(q, t, real, width, room.keys, count, seen, room.scores, 0, scoreStep, room);
            float[] factors = room.factors;
            for (int r = 0; r < real; r++) {
                int n = causal ? Math.min(count, t + r + 1 - from) : count;
                factors[r] = softmax(t + r - first, (long) r * scoreStep, n, seen);
            }
            for (int j = 0; j < width; j += gemm.tileColumns()) {
                int wide = Math.min(gemm.tileColumns(), width - j);
                int padded = lanesUp(wide);
                gemm.tile(room.scores, 0, scoreStep * FLOAT, FLOAT, real, values.memory, values.offset(j, 0, padded),
                        values.rowBytes(padded), padded, seen, room.tile, 0, padded * FLOAT);
                for (int r = 0; r < real; r++) {
                    int row = t + r - first;
                    if (once) {
                        rows.scale(room.tile, (long) r * padded, (float) (1 / room.sum[row]), y.memory,
                                y.row(t + r) + j, wide);
                    } else {
                        rows.scaleAdd(room.tile, (long) r * padded, factors[r], room.sums, (long) row * width + j,
                                wide);
                    }
                }
            }
        }

        /** Makes scores exponentials against the largest so far; returns what earlier sums are to be scaled by. */
        private float softmax(int row, long at, int n, int padded) {
            float before = room.max[row];
            float max = Math.max(before, rows.max(room.scores, at, n, scale));
            // Where all are −∞ so far, any finite shift makes their exponentials 0.
            float shift = max == Float.NEGATIVE_INFINITY ? 0 : max;
            float factor = before == max ? 1 : (float) Math.exp(before - shift);
            room.max[row] = max;
            room.sum[row] = room.sum[row] * factor + rows.exp(room.scores, at, n, padded, scale, shift);
            return factor;
        }
    }

    // ---- backward

    void backward(View q, View k, View v, View y, View logSumExp, View dy, double scale, boolean causal, View dq,
            View dk, View dv) {
        int heads = q.dim(0) * q.dim(1);
        run(heads, work(q, k), (head, _) -> new Backward(Rows.of(q, head), Rows.of(k, head), Rows.of(v, head),
                Rows.of(y, head), Floats.memory(logSumExp), logSumExp.offset() + (long) head * q.dim(2),
                Rows.of(dy, head), q.dim(3), (float) scale, causal, Rows.of(dq, head), Rows.of(dk, head),
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
        private final float scale;
        private final boolean causal;
        private final Rows dq;
        private final Rows dk;
        private final Rows dv;
        private final Room room;
        private final int tileRows = gemm.tileRows();
        private final int step = lanesUp(BLOCK) + gemm.lanes(); // no power of 2: columns are read too

        Backward(Rows q, Rows k, Rows v, Rows y, MemorySegment logSumExp, long logAt, Rows dy, int width, float scale,
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
            if (room.max.length < queries) {
                room.max = new float[queries];
                room.sum = new double[queries];
            }
            for (int t = 0; t < queries; t++) {
                room.max[t] = rows.dot(dy.memory, dy.row(t), y.memory, y.row(t), width);
            }
            // A tile writes whole: the last may reach below the block.
            long floats = (long) (BLOCK + tileRows) * step;
            room.scores = Room.atLeast(floats, room.scores);
            room.gradients = Room.atLeast(floats, room.gradients);
            room.tile = Room.atLeast((long) tileRows * gemm.tileColumns(), room.tile);
            for (int from = 0; from < keys; from += BLOCK) {
                int count = Math.min(BLOCK, keys - from);
                room.keys = transposed(k, from, count, width, room.keys);
                room.values = transposed(v, from, count, width, room.values);
                Panels keyRows = panels(k, from, count, width, room, 0);
                int start = causal ? from : 0;
                for (int t = start; t < queries; t += BLOCK) {
                    block(t, Math.min(BLOCK, queries - t), from, count, keyRows, t == start);
                }
            }
        }

        private void block(int t, int size, int from, int count, Panels keyRows, boolean first) {
            for (int r = 0; r < size; r += tileRows) {
                int real = Math.min(tileRows, size - r);
                int seen = causal ? Math.min(count, t + r + real - from) : count;
                long at = (long) r * step;
                scores(q, t + r, real, width, room.keys, count, seen, room.scores, at, step, room);
                scores(dy, t + r, real, width, room.values, count, seen, room.gradients, at, step, room);
                // The columns of a tile below reach as far to the right as it has rows.
                int padded = Math.min(count, seen + tileRows);
                for (int i = 0; i < real; i++) {
                    int row = t + r + i;
                    long rowAt = at + (long) i * step;
                    rows.gradient(room.scores, rowAt, room.gradients, rowAt,
                            causal ? Math.min(count, row + 1 - from) : count, padded, scale,
                            Floats.get(logSumExp, logAt + row), room.max[row]);
                }
                product(room.gradients, at, step, 1, real, keyRows, 0, seen, dq, t + r, from > 0);
            }
            Panels gradientRows = panels(dy, t, size, width, room, 1);
            Panels queryRows = panels(q, t, size, width, room, 2);
            for (int s = 0; s < count; s += tileRows) {
                int real = Math.min(tileRows, count - s);
                int skipped = causal ? Math.clamp(from + s - t, 0, size) : 0;
                long at = (long) skipped * step + s;
                product(room.scores, at, 1, step, real, gradientRows, skipped, size - skipped, dv, from + s, !first);
                product(room.gradients, at, 1, step, real, queryRows, skipped, size - skipped, dk, from + s, !first);
            }
        }

        /** A tile of rows of a product with panels from one of their rows on, written or added to rows of a gradient. */
        private void product(MemorySegment a, long at, long aRow, long aCol, int real, Panels b, int bFrom, int depth,
                Rows out, int row, boolean add) {
            for (int j = 0; j < width; j += gemm.tileColumns()) {
                int wide = Math.min(gemm.tileColumns(), width - j);
                int padded = lanesUp(wide);
                long to = (out.row(row) + j) * FLOAT;
                boolean direct = !add && real == tileRows && padded == wide;
                gemm.tile(a, at * FLOAT, aRow * FLOAT, aCol * FLOAT, real, b.memory, b.offset(j, bFrom, padded),
                        b.rowBytes(padded), padded, depth, direct ? out.memory : room.tile, direct ? to : 0,
                        (direct ? out.step : padded) * FLOAT);
                if (!direct) {
                    gemm.flush(room.tile, 0, padded * FLOAT, real, wide, add, out.memory, to, out.step * FLOAT);
                }
            }
        }
    }
}
