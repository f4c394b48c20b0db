package dev.jacobian.tensor;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.op.Embed;
import dev.jacobian.op.Slice;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What operations ask of their arguments: each check throws a message with operation, what it got and expected. */
final class Check {
    private Check() {}

    static void rank(String operation, Tensor x, int rank) {
        if (x.rank() != rank) {
            throw new IllegalArgumentException(operation + ": shape " + x.shape() + ", expected " + rank
                    + (rank == 1 ? " axis" : " axes") + "; reshape it first");
        }
    }

    static void dtype(String operation, Tensor x, DType dtype) {
        if (x.dtype() != dtype) {
            throw new IllegalArgumentException(
                    operation + ": type " + x.dtype() + ", expected " + dtype + "; convert with to(DType)");
        }
    }

    static void floating(String operation, Tensor x) {
        if (!x.dtype().isFloating()) {
            throw new IllegalArgumentException(operation + ": type " + x.dtype()
                    + ", expected a floating-point type; convert with to(DType.FLOAT32)");
        }
    }

    static void supported(UnaryOp op, Tensor x) {
        boolean known = switch (op) {
            case NOT -> x.dtype() == DType.BOOL;
            case NEG, ABS, SIGN, SQUARE, RELU -> x.dtype() != DType.BOOL;
            case SQRT, RSQRT, RECIPROCAL, EXP, EXPM1, LOG, LOG1P, SIN, COS, TANH, SIGMOID, ERF, FLOOR, CEIL, ROUND ->
                x.dtype().isFloating();
        };
        unknown(known, op, x.dtype());
    }

    static void supported(BinaryOp op, DType dtype) {
        boolean known = switch (op) {
            case MUL, MAXIMUM, MINIMUM -> true;
            case ADD, SUB -> dtype != DType.BOOL;
            case DIV, POW, RELU_GRAD, TANH_GRAD, SIGMOID_GRAD -> dtype.isFloating();
        };
        unknown(known, op, dtype);
    }

    static void supported(ReduceOp op, Tensor x) {
        unknown(x.dtype() != DType.BOOL, op, x.dtype());
    }

    private static void unknown(boolean known, Enum<?> op, DType dtype) {
        if (!known) {
            throw new IllegalArgumentException(op.name().toLowerCase(Locale.ROOT) + ": not defined for " + dtype
                    + "; convert with to(DType.FLOAT32)");
        }
    }

    /** The axes counted from the front, in rising order. */
    static List<Integer> axes(String operation, Shape shape, int[] axes) {
        Integer[] sorted = new Integer[axes.length];
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = shape.axis(operation, axes[i]);
        }
        Arrays.sort(sorted);
        for (int i = 1; i < sorted.length; i++) {
            if (sorted[i].equals(sorted[i - 1])) {
                throw new IllegalArgumentException(
                        operation + ": axis " + sorted[i] + " named twice in " + Arrays.toString(axes));
            }
        }
        return List.of(sorted);
    }

    static List<Integer> permutation(Shape shape, int[] order) {
        Integer[] resolved = new Integer[order.length];
        boolean[] named = new boolean[shape.rank()];
        boolean each = order.length == named.length;
        for (int i = 0; i < order.length; i++) {
            int axis = shape.axis("permute", order[i]);
            resolved[i] = axis;
            each &= !named[axis];
            named[axis] = true;
        }
        if (!each) {
            throw new IllegalArgumentException("permute: order " + Arrays.toString(order)
                    + ", expected each axis of shape " + shape + " once");
        }
        return List.of(resolved);
    }

    static Shape reshape(Shape from, int[] dims) {
        int[] resolved = dims.clone();
        int open = -1;
        long known = 1;
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == -1 && open < 0) {
                open = i;
            } else {
                known = dims[i] < 0 || Math.multiplyHigh(known, dims[i]) != 0 ? -1 : known * dims[i];
                if (known < 0) {
                    break;
                }
            }
        }
        if (open >= 0 && known > 0 && from.size() % known == 0 && from.size() / known <= Integer.MAX_VALUE) {
            resolved[open] = (int) (from.size() / known);
            known = from.size();
        }
        if (known != from.size() || (open >= 0 && resolved[open] < 0)) {
            throw new IllegalArgumentException("reshape: shape " + from + " with " + from.size()
                    + " elements does not fit " + Arrays.toString(dims) + "; one length may be -1, for what is left");
        }
        return Shape.of(resolved);
    }

    /** The type that two factors meet in. */
    static DType matmul(Tensor left, Tensor right, Tensor a, Tensor b) {
        DType dtype = DType.promote(a.dtype(), b.dtype());
        if (left.rank() == 0 || right.rank() == 0) {
            throw new IllegalArgumentException("matmul: shapes " + left.shape() + " and " + right.shape()
                    + ", expected at least one axis each; multiply by scalars with mul");
        }
        if (a.dim(-1) != b.dim(-2)) {
            throw new IllegalArgumentException("matmul: shapes " + left.shape() + " and " + right.shape()
                    + " do not fit: inner lengths " + a.dim(-1) + " and " + b.dim(-2)
                    + " differ; transpose one of them?");
        }
        if (!dtype.isFloating()) {
            throw new IllegalArgumentException("matmul: types " + left.dtype() + " and " + right.dtype()
                    + ", expected a floating-point type; convert with to(DType.FLOAT32)");
        }
        return dtype;
    }

    static void linear(Tensor x, Tensor weight, Tensor bias) {
        rank("linear: weight", weight, 2);
        if (x.rank() == 0 || x.dim(-1) != weight.dim(1)) {
            throw new IllegalArgumentException(
                    "linear: input of shape " + x.shape() + ", expected [..., " + weight.dim(1)
                            + "] for weight of shape " + weight.shape() + "; flatten the input, or change inFeatures");
        }
        if (bias != null && (bias.rank() != 1 || bias.dim(0) != weight.dim(0))) {
            throw new IllegalArgumentException(
                    "linear: bias of shape " + bias.shape() + ", expected [" + weight.dim(0) + "]");
        }
        if (x.dtype() != weight.dtype()) {
            throw new IllegalArgumentException("linear: input of type " + x.dtype() + ", expected the weight's "
                    + weight.dtype() + "; convert with to(DType)");
        }
        floating("linear", x);
    }

    static void crossEntropy(Tensor logits, Tensor target, double labelSmoothing) {
        labels("cross entropy", logits, target);
        if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
            throw new IllegalArgumentException("cross entropy: label smoothing " + labelSmoothing + ", expected 0..1");
        }
    }

    static void softmaxMargin(Tensor logits, Tensor target, double margin) {
        labels("softmax margin", logits, target);
        if (!Double.isFinite(margin)) {
            throw new IllegalArgumentException(
                    "softmax margin: margin " + margin + ", expected a finite number, best between 0 and 1");
        }
    }

    /** Logits [N, C] of at least one class, and a label for each example. */
    private static void labels(String operation, Tensor logits, Tensor target) {
        floating(operation, logits);
        rank(operation + ": logits", logits, 2);
        dtype(operation + ": target", target, DType.INT32);
        if (!target.shape().equals(Shape.of(logits.dim(0)))) {
            throw new IllegalArgumentException(operation + ": target of shape " + target.shape() + ", expected ["
                    + logits.dim(0) + "] for logits of shape " + logits.shape());
        }
        if (logits.dim(1) == 0) {
            throw new IllegalArgumentException(
                    operation + ": logits of shape " + logits.shape() + ", expected at least one class");
        }
    }

    /** The gathered axis, counted from the front. */
    static int gather(String operation, Tensor x, int axis, Tensor index) {
        int at = x.shape().axis(operation, axis);
        dtype(operation + ": index", index, DType.INT32);
        if (index.rank() != x.rank() || !index.shape().with(at, x.dim(at)).equals(x.shape())) {
            throw new IllegalArgumentException(operation + ": index of shape " + index.shape() + ", expected "
                    + x.shape() + " but for axis " + axis + "; expand it first");
        }
        return at;
    }

    static Slice slice(Shape shape, int axis, int from, int to, int step) {
        int at = shape.axis("slice", axis);
        int length = shape.dim(at);
        int first = from < 0 ? from + length : from;
        int end = to < 0 ? to + length : to;
        if (first < 0 || end > length || first > end || step < 1) {
            throw new IllegalArgumentException("slice: " + from + ".." + to + " by " + step + " out of range for axis "
                    + axis + " of shape " + shape + "; expected 0 <= from <= to <= " + length + ", step >= 1");
        }
        return new Slice(at, first, (int) (((long) end - first + step - 1) / step), step);
    }

    static Embed pad(Shape shape, int axis, int before, int after, double value) {
        int at = shape.axis("pad", axis);
        if (before < 0 || after < 0) {
            throw new IllegalArgumentException(
                    "pad: " + before + " before and " + after + " after, expected at least 0");
        }
        return new Embed(at, before, 1, length("pad", (long) before + after + shape.dim(at)), value);
    }

    /** A length as an int. */
    static int length(String operation, long length) {
        if (length > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(operation + ": length " + length + ", expected at most "
                    + Integer.MAX_VALUE + "; slice the tensor first");
        }
        return (int) length;
    }

    /** The number of elements as an int. */
    static int length(String operation, Tensor x) {
        return length(operation, x.size());
    }

    /** The product of two lengths as an int. */
    static int times(String operation, int a, int b) {
        return length(operation, (long) a * b);
    }

    static void representable(String operation, DType dtype, double value) {
        boolean fits = switch (dtype) {
            case FLOAT32, FLOAT64 -> true;
            case INT32 -> value == (int) value;
            case BOOL -> value == 0 || value == 1;
        };
        if (!fits) {
            throw new IllegalArgumentException(
                    operation + ": value " + value + " is not a value of " + dtype + "; convert with to(DType)");
        }
    }
}
