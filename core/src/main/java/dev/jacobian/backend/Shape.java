package dev.jacobian.backend;

import java.util.Arrays;

/**
 * The lengths of a tensor's axes, outermost first. Immutable. A scalar has rank 0 and one element; an axis may have
 * length 0.
 */
public final class Shape {
    /** So that sizes in bytes never overflow. */
    private static final long LARGEST = 1L << 56;

    /** The shape of a scalar. */
    public static final Shape SCALAR = new Shape(new int[0]);

    private final int[] dims;
    private final long size;
    /** Made with the first view, and not to be changed. */
    private long[] denseStrides;

    private Shape(int[] dims) {
        this.dims = dims;
        this.size = product(dims);
    }

    private static long product(int[] dims) {
        long product = 1;
        boolean empty = false;
        for (int dim : dims) {
            if (dim < 0) {
                throw new IllegalArgumentException("shape: negative length in " + Arrays.toString(dims));
            }
            empty |= dim == 0;
            long high = Math.multiplyHigh(product, dim);
            product *= dim;
            if (high != 0 || product > LARGEST) {
                product = LARGEST + 1;
            }
        }
        if (!empty && product > LARGEST) {
            throw new IllegalArgumentException("shape: " + Arrays.toString(dims) + " has more than 2^56 elements");
        }
        return empty ? 0 : product;
    }

    /**
     * A shape of the given lengths.
     *
     * @param dims the length of each axis, not negative
     * @return the shape
     * @throws IllegalArgumentException if a length is negative, or there are more than 2⁵⁶ elements
     */
    public static Shape of(int... dims) {
        return dims.length == 0 ? SCALAR : new Shape(dims.clone());
    }

    /**
     * The number of axes.
     *
     * @return the rank, 0 for a scalar
     */
    public int rank() {
        return dims.length;
    }

    /**
     * The length of one axis.
     *
     * @param axis an axis in {@code -rank..rank-1}; negative axes count from the last
     * @return its length
     */
    public int dim(int axis) {
        return dims[axis("shape", axis)];
    }

    /**
     * The number of elements.
     *
     * @return the product of the lengths, 1 for a scalar
     */
    public long size() {
        return size;
    }

    /**
     * The lengths as an array.
     *
     * @return a fresh array
     */
    public int[] toArray() {
        return dims.clone();
    }

    /**
     * Resolves an axis that may count from the end.
     *
     * @param operation the operation that asks, for the message
     * @param axis in {@code -rank..rank-1}
     * @return the axis in {@code 0..rank-1}
     * @throws IllegalArgumentException if it is out of range
     */
    public int axis(String operation, int axis) {
        int rank = dims.length;
        if (axis >= 0 && axis < rank) {
            return axis;
        }
        if (axis < 0 && axis >= -rank) {
            return axis + rank;
        }
        throw new IllegalArgumentException(operation + ": axis " + axis + " out of range for shape " + this
                + (rank == 0 ? "; a scalar has no axes" : "; valid " + -rank + ".." + (rank - 1)));
    }

    /**
     * This shape with another length at one axis.
     *
     * @param axis in {@code 0..rank-1}
     * @param length the new length
     * @return the new shape
     */
    public Shape with(int axis, int length) {
        int[] changed = dims.clone();
        changed[axis] = length;
        return new Shape(changed);
    }

    /**
     * This shape without one axis.
     *
     * @param axis in {@code 0..rank-1}
     * @return a shape of one rank less
     */
    public Shape without(int axis) {
        int[] changed = new int[dims.length - 1];
        for (int i = 0; i < changed.length; i++) {
            changed[i] = dims[i < axis ? i : i + 1];
        }
        return of(changed);
    }

    /**
     * The shape that two shapes broadcast to, by NumPy's rule: aligned at the last axis, each pair of lengths equal or
     * one of them 1.
     *
     * @param operation the operation that asks, for the message
     * @param a one shape
     * @param b the other
     * @return the common shape
     * @throws IllegalArgumentException if they do not fit; the message names both
     */
    public static Shape broadcast(String operation, Shape a, Shape b) {
        if (a.equals(b)) {
            return a;
        }
        int rank = Math.max(a.rank(), b.rank());
        int[] out = new int[rank];
        for (int i = 1; i <= rank; i++) {
            int x = i <= a.rank() ? a.dims[a.rank() - i] : 1;
            int y = i <= b.rank() ? b.dims[b.rank() - i] : 1;
            if (x != y && x != 1 && y != 1) {
                throw new IllegalArgumentException(operation + ": shapes " + a + " and " + b
                        + " do not broadcast: lengths " + x + " and " + y + " at axis -" + i
                        + " differ and neither is 1; use reshape, unsqueeze or transpose to line the axes up");
            }
            out[rank - i] = x == 1 ? y : x;
        }
        return of(out);
    }

    /**
     * Row-major strides of a dense tensor of this shape.
     *
     * @return the distance in elements between neighbours along each axis
     */
    public long[] strides() {
        long[] strides = new long[dims.length];
        long step = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = step;
            step *= Math.max(1, dims[i]);
        }
        return strides;
    }

    /** What {@link #strides} returns, in one array for all views of this shape. */
    long[] denseStrides() {
        long[] known = denseStrides; // two threads may both make it
        if (known == null) {
            known = strides();
            denseStrides = known;
        }
        return known;
    }

    @Override
    public boolean equals(Object other) {
        return this == other || (other instanceof Shape that && Arrays.equals(dims, that.dims));
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /**
     * The lengths in brackets.
     *
     * @return for example {@code [2, 5]}
     */
    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}
