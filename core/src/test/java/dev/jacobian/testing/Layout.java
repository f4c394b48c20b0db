package dev.jacobian.testing;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;

/** How an input lies in memory: it is a view of a base tensor, dense or not. */
public enum Layout {
    /** One element after another. */
    DENSE,
    /** All axes in reverse order. */
    TRANSPOSED,
    /** A range of the last axis, which starts at an unaligned element. */
    SLICED,
    /** Every second element of the last axis. */
    STEPPED,
    /** One slice, repeated along the first axis with stride 0. */
    EXPANDED;

    /** Whether a tensor of this shape can lie so. */
    boolean fits(Shape shape) {
        return this == DENSE || (shape.rank() > (this == TRANSPOSED ? 1 : 0) && shape.size() > 0);
    }

    /** The shape of the base tensor. */
    Shape base(Shape shape) {
        int last = shape.rank() - 1;
        return switch (this) {
            case DENSE -> shape;
            case TRANSPOSED -> Shape.of(reversed(shape.toArray()));
            case SLICED -> shape.with(last, shape.dim(last) + 3);
            case STEPPED -> shape.with(last, shape.dim(last) * 2);
            case EXPANDED -> shape.with(0, 1);
        };
    }

    /** The view of a base tensor that has the given shape. */
    public Tensor view(Tensor base, Shape shape) {
        return switch (this) {
            case DENSE -> base;
            case TRANSPOSED -> {
                int[] order = new int[shape.rank()];
                Arrays.setAll(order, i -> order.length - 1 - i);
                yield base.permute(order);
            }
            case SLICED -> base.slice(-1, 1, 1 + shape.dim(-1));
            case STEPPED -> base.slice(-1, 0, 2 * shape.dim(-1), 2);
            case EXPANDED -> base.expand(shape.toArray());
        };
    }

    /** The elements of the base tensor, given those of the view; others are unlike any. */
    double[] store(double[] values, Shape shape, DType dtype) {
        Shape base = base(shape);
        double[] stored = new double[Math.toIntExact(base.size())];
        Arrays.fill(stored, dtype.isFloating() ? 7 : 1);
        for (int i = values.length - 1; i >= 0; i--) { // so that of repeated elements the first stays
            stored[position(base, index(shape, i))] = values[i];
        }
        return stored;
    }

    /** The elements that the view has: the given ones, but for repeated slices. */
    double[] seen(double[] values, Shape shape) {
        if (this != EXPANDED || values.length == 0) {
            return values;
        }
        int slice = values.length / shape.dim(0);
        double[] seen = new double[values.length];
        Arrays.setAll(seen, i -> values[i % slice]);
        return seen;
    }

    private int position(Shape base, int[] index) {
        int last = index.length - 1;
        int[] at = switch (this) {
            case DENSE -> index;
            case TRANSPOSED -> reversed(index);
            case SLICED -> with(index, last, index[last] + 1);
            case STEPPED -> with(index, last, index[last] * 2);
            case EXPANDED -> with(index, 0, 0);
        };
        int position = 0;
        for (int axis = 0; axis < at.length; axis++) {
            position = position * base.dim(axis) + at[axis];
        }
        return position;
    }

    private static int[] index(Shape shape, int position) {
        int[] index = new int[shape.rank()];
        int rest = position;
        for (int axis = index.length - 1; axis >= 0; axis--) {
            index[axis] = rest % shape.dim(axis);
            rest /= shape.dim(axis);
        }
        return index;
    }

    private static int[] with(int[] index, int axis, int value) {
        int[] changed = index.clone();
        changed[axis] = value;
        return changed;
    }

    private static int[] reversed(int[] values) {
        int[] reversed = new int[values.length];
        Arrays.setAll(reversed, i -> values[values.length - 1 - i]);
        return reversed;
    }
}
