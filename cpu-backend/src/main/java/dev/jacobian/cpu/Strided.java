package dev.jacobian.cpu;

import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Several views of one shape walked together. Axes of length 1 are dropped, the others ordered so that the first view,
 * the output, is walked as densely as can be, and neighbours that are dense together in all views merged. What is left
 * of most operands is one long axis.
 */
final class Strided {
    private static final int LONGEST_RUN = 1 << 30;

    private final long[] dims;
    private final long[][] steps;
    private final long[] starts;
    private final long size;

    private Strided(long[] dims, long[][] steps, long[] starts) {
        this.dims = dims;
        this.steps = steps;
        this.starts = starts;
        long product = 1;
        for (long dim : dims) {
            product *= dim;
        }
        this.size = product;
    }

    /** Works on a stretch along the innermost axis. */
    @FunctionalInterface
    interface Run {
        /**
         * Works on n elements.
         *
         * @param at the index in each view's buffer of the first element; not to be kept
         * @param n how many
         */
        void run(long[] at, int n);
    }

    /** Prepares to walk views of the same shape, in the order of the first one's memory. */
    static Strided of(View... views) {
        return merged(ordered(views[0], null, false), views);
    }

    /**
     * The axes of a view that are longer than 1, those of the largest strides first.
     *
     * @param other null; or a view that may be shorter along some axes
     * @param differing if there is one, whether to name the axes along which it is shorter, or the others
     */
    static int[] ordered(View view, View other, boolean differing) {
        int[] axes = new int[view.rank()];
        int count = 0;
        for (int axis = 0; axis < axes.length; axis++) {
            int length = view.dim(axis);
            if (length == 1 || (other != null && (other.dim(axis) != length) != differing)) {
                continue;
            }
            int place = count++;
            for (; place > 0 && view.stride(axes[place - 1]) < view.stride(axis); place--) {
                axes[place] = axes[place - 1];
            }
            axes[place] = axis;
        }
        return Arrays.copyOf(axes, count);
    }

    /** Prepares to walk views of the same shape with the given axes in the given order; the others have length 1. */
    static Strided merged(int[] axes, View... views) {
        int rank = 0;
        long[] dims = new long[Math.max(1, axes.length)];
        long[][] steps = new long[views.length][dims.length];
        for (int axis : axes) {
            int length = views[0].dim(axis);
            if (rank > 0 && continues(views, axis, steps, rank - 1)) {
                rank--;
                dims[rank] *= length;
            } else {
                dims[rank] = length;
            }
            for (int i = 0; i < views.length; i++) {
                steps[i][rank] = views[i].stride(axis);
            }
            rank++;
        }
        if (rank == 0) {
            dims[rank++] = 1;
            for (long[] step : steps) {
                step[0] = 1;
            }
        }
        long[] starts = new long[views.length];
        for (int i = 0; i < views.length; i++) {
            starts[i] = views[i].offset();
            steps[i] = rank == dims.length ? steps[i] : Arrays.copyOf(steps[i], rank);
        }
        return new Strided(rank == dims.length ? dims : Arrays.copyOf(dims, rank), steps, starts);
    }

    private static boolean continues(View[] views, int axis, long[][] steps, int outer) {
        for (int i = 0; i < views.length; i++) {
            if (steps[i][outer] != views[i].stride(axis) * views[i].dim(axis)) {
                return false;
            }
        }
        return true;
    }

    /** How many elements there are. */
    long size() {
        return size;
    }

    /** How many axes are left; at least 1. */
    int rank() {
        return dims.length;
    }

    /** The length of one of the axes left. */
    long dim(int axis) {
        return dims[axis];
    }

    /** How far apart a view's neighbours along an axis are. */
    long step(int view, int axis) {
        return steps[view][axis];
    }

    /** How far apart a view's neighbours along the innermost axis are. */
    long innerStep(int view) {
        return steps[view][dims.length - 1];
    }

    /** The index in a view's buffer of one element. */
    long at(int view, long element) {
        long index = starts[view];
        long rest = element;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            index += rest % dims[axis] * steps[view][axis];
            rest /= dims[axis];
        }
        return index;
    }

    /** Walks the elements from {@code from} up to, but without, {@code to} in runs along the innermost axis. */
    void runs(long from, long to, Run body) {
        int last = dims.length - 1;
        long[] index = new long[dims.length];
        long[] at = starts.clone();
        long rest = from;
        for (int axis = last; axis >= 0; axis--) {
            index[axis] = rest % dims[axis];
            rest /= dims[axis];
            move(at, axis, index[axis]);
        }
        long position = from;
        while (position < to) {
            int n = (int) Math.min(LONGEST_RUN, Math.min(dims[last] - index[last], to - position));
            body.run(at, n);
            position += n;
            index[last] += n;
            move(at, last, n);
            for (int axis = last; axis > 0 && index[axis] == dims[axis]; axis--) {
                move(at, axis, -index[axis]);
                index[axis] = 0;
                index[axis - 1]++;
                move(at, axis - 1, 1);
            }
        }
    }

    private void move(long[] at, int axis, long count) {
        for (int i = 0; i < at.length; i++) {
            at[i] += steps[i][axis] * count;
        }
    }

    /** Copies n floats that are {@code step} apart to a dense place. */
    static void gather(MemorySegment from, long at, long step, MemorySegment to, long toAt, int n) {
        if (step == 1) {
            MemorySegment.copy(from, at << 2, to, toAt << 2, (long) n << 2);
        } else if (step == 0) {
            fill(to, toAt, Floats.get(from, at), n);
        } else {
            for (int i = 0; i < n; i++) {
                Floats.set(to, toAt + i, Floats.get(from, at + i * step));
            }
        }
    }

    /** Copies n floats from a dense place to where they are {@code step} apart. */
    static void scatter(MemorySegment from, long fromAt, MemorySegment to, long at, long step, int n) {
        if (step == 1) {
            MemorySegment.copy(from, fromAt << 2, to, at << 2, (long) n << 2);
        } else {
            for (int i = 0; i < n; i++) {
                Floats.set(to, at + i * step, Floats.get(from, fromAt + i));
            }
        }
    }

    /** Sets n dense floats. */
    static void fill(MemorySegment to, long at, float value, int n) {
        for (int i = 0; i < n; i++) {
            Floats.set(to, at + i, value);
        }
    }
}
