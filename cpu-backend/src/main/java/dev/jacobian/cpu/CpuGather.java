package dev.jacobian.cpu;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/**
 * Gather and scatter-add along one axis. Where one index holds for a whole dense run, as when rows are selected, the run
 * is checked once and copied or added as one.
 */
final class CpuGather {
    /** The least width of a slice: whole lines of memory, and long enough to be worth finding its place. */
    private static final int SLICE = 64;

    private final Parallel team;
    private final ElementRows rows;

    CpuGather(Parallel team, ElementRows rows) {
        this.team = team;
        this.rows = rows;
    }

    void gather(View x, int axis, View index, View out) {
        if (out.size() == 0) {
            return;
        }
        Strided walk = Strided.of(out, index, withoutAxis(x, axis, index));
        Indices indices = new Indices("gather", index, x.dim(axis), x.stride(axis));
        MemorySegment from = Floats.memory(x);
        MemorySegment to = Floats.memory(out);
        DType dtype = x.dtype();
        int bytes = dtype.bytes();
        boolean whole = walk.innerStep(0) == 1 && walk.innerStep(1) == 0 && walk.innerStep(2) == 1;
        Ranges.run(team, walk.size(), (first, last) -> walk.runs(first, last, (at, n) -> {
            if (whole) {
                long source = at[2] + indices.offset(at[1]);
                MemorySegment.copy(from, source * bytes, to, at[0] * bytes, (long) n * bytes);
                return;
            }
            for (int i = 0; i < n; i++) {
                long source = at[2] + i * walk.innerStep(2) + indices.offset(at[1] + i * walk.innerStep(1));
                move(bytes, from, source, to, at[0] + i * walk.innerStep(0));
            }
        }));
    }

    void scatterAdd(View x, int axis, View index, View out) {
        if (x.size() == 0) {
            return;
        }
        // Elements that meet differ in the indexed axis alone, so slices along another one can be added apart, each in
        // the order of its elements.
        int split = -1;
        for (int i = 0; i < x.rank(); i++) {
            if (i != axis && (split < 0 || x.dim(i) > x.dim(split))) {
                split = i;
            }
        }
        Indices indices = new Indices("scatterAdd", index, out.dim(axis), out.stride(axis));
        View target = withoutAxis(out, axis, index);
        if (split < 0 || x.size() <= Ranges.SERIAL) {
            add(x, index, target, indices);
            return;
        }
        int along = split;
        int length = x.dim(along);
        int slice = Math.max(SLICE, Math.ceilDiv(length, 64));
        team.run(Math.ceilDiv(length, slice), (task, _) -> {
            int begin = task * slice;
            int count = Math.min(slice, length - begin);
            add(slice(x, along, begin, count), slice(index, along, begin, count), slice(target, along, begin, count),
                    indices);
        });
    }

    private void add(View x, View index, View target, Indices indices) {
        int[] axes = IntStream.range(0, x.rank()).filter(i -> x.dim(i) != 1).toArray();
        Strided walk = Strided.merged(axes, x, index, target);
        MemorySegment from = Floats.memory(x);
        MemorySegment to = Floats.memory(target);
        DType dtype = x.dtype();
        boolean whole = dtype == DType.FLOAT32 && walk.innerStep(0) == 1 && walk.innerStep(1) == 0
                && walk.innerStep(2) == 1;
        ElementRows.Binary sum = whole ? rows.binary(BinaryOp.ADD) : null;
        if (whole && walk.rank() == 2) {
            addRows(walk, sum, from, indices, to);
            return;
        }
        walk.runs(0, walk.size(), (at, n) -> {
            if (sum != null) {
                long place = at[2] + indices.offset(at[1]);
                sum.run(to, place, from, at[0], to, place, n);
                return;
            }
            for (int i = 0; i < n; i++) {
                long place = at[2] + i * walk.innerStep(2) + indices.offset(at[1] + i * walk.innerStep(1));
                addTo(dtype, from, at[0] + i * walk.innerStep(0), to, place);
            }
        });
    }

    /** The rows of a matrix, each to the row that its index names. */
    private static void addRows(
            Strided walk, ElementRows.Binary sum, MemorySegment from, Indices indices, MemorySegment to) {
        int n = Math.toIntExact(walk.dim(1));
        long x = walk.at(0, 0);
        long index = walk.at(1, 0);
        long target = walk.at(2, 0);
        for (long row = 0; row < walk.dim(0); row++) {
            long place = target + row * walk.step(2, 0) + indices.offset(index + row * walk.step(1, 0));
            sum.run(to, place, from, x + row * walk.step(0, 0), to, place, n);
        }
    }

    private static void addTo(DType dtype, MemorySegment from, long at, MemorySegment to, long place) {
        switch (dtype) {
            case FLOAT32 -> Floats.set(to, place, Floats.get(to, place) + Floats.get(from, at));
            case INT32 -> to.set(
                    ValueLayout.JAVA_INT,
                    place << 2,
                    to.get(ValueLayout.JAVA_INT, place << 2) + from.get(ValueLayout.JAVA_INT, at << 2));
            case FLOAT64, BOOL -> Typed.set(dtype, to, place, Typed.get(dtype, to, place) + Typed.get(dtype, from, at));
        }
    }

    private static void move(int bytes, MemorySegment from, long at, MemorySegment to, long place) {
        switch (bytes) {
            case 4 -> to.set(ValueLayout.JAVA_INT, place << 2, from.get(ValueLayout.JAVA_INT, at << 2));
            case 8 -> to.set(ValueLayout.JAVA_LONG, place << 3, from.get(ValueLayout.JAVA_LONG, at << 3));
            default -> to.set(ValueLayout.JAVA_BYTE, place, from.get(ValueLayout.JAVA_BYTE, at));
        }
    }

    /** The indexed view under the index's shape, standing still along the indexed axis. */
    private static View withoutAxis(View view, int axis, View index) {
        long[] steps = IntStream.range(0, view.rank()).mapToLong(i -> i == axis ? 0 : view.stride(i)).toArray();
        return view.as(index.shape(), steps, view.offset());
    }

    private static View slice(View view, int axis, int begin, int count) {
        long[] steps = IntStream.range(0, view.rank()).mapToLong(view::stride).toArray();
        return view.as(view.shape().with(axis, count), steps, view.offset() + begin * steps[axis]);
    }

    /** Checked indices, as distances along the indexed axis. */
    private record Indices(String operation, View view, int limit, long step) {
        long offset(long at) {
            int index = Floats.memory(view).get(ValueLayout.JAVA_INT, at << 2);
            if (index < 0 || index >= limit) {
                throw failure();
            }
            return index * step;
        }

        /** The exception for the first bad index, whichever was found first. */
        private IndexRangeException failure() {
            Strided walk = Strided.merged(IntStream.range(0, view.rank()).toArray(), view);
            for (long i = 0; i < walk.size(); i++) {
                int index = Floats.memory(view).get(ValueLayout.JAVA_INT, walk.at(0, i) << 2);
                if (index < 0 || index >= limit) {
                    return new IndexRangeException(operation, index, i, limit);
                }
            }
            throw new IllegalStateException(operation + ": the index tensor was changed while it was read");
        }
    }
}
