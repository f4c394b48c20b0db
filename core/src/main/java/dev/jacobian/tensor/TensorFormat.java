package dev.jacobian.tensor;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import java.util.Locale;

/** How tensors are printed. */
final class TensorFormat {
    /** Beyond this many elements, axes longer than twice {@link #EDGE} are shortened, as NumPy does. */
    private static final long SUMMARISED = 1000;

    private static final int EDGE = 3;
    private static final double LARGEST_FIXED = 1e6;
    private static final double SMALLEST_FIXED = 1e-4;

    private final double[] values;
    private final Shape shape;
    private final DType dtype;
    private final String pattern;
    private final StringBuilder out = new StringBuilder();

    private TensorFormat(Tensor tensor) {
        values = tensor.toDoubleArray();
        shape = tensor.shape();
        dtype = tensor.dtype();
        pattern = pattern(values);
    }

    static String format(Tensor tensor) {
        if (!tensor.isAlive()) {
            return tensor.dtype() + " " + tensor.shape() + " (closed)";
        }
        TensorFormat format = new TensorFormat(tensor);
        format.axis(0, 0);
        return format.out.toString();
    }

    private static String pattern(double[] values) {
        double largest = 0;
        for (double value : values) {
            if (Double.isFinite(value)) {
                largest = Math.max(largest, Math.abs(value));
            }
        }
        boolean fixed = largest == 0 || (largest < LARGEST_FIXED && largest >= SMALLEST_FIXED);
        return fixed ? "%.6f" : "%.6e";
    }

    private void axis(int axis, long offset) {
        if (axis == shape.rank()) {
            out.append(number(values[Math.toIntExact(offset)]));
            return;
        }
        int length = shape.dim(axis);
        long stride = shape.strides()[axis];
        boolean shorten = shape.size() > SUMMARISED && length > 2 * EDGE;
        out.append('[');
        for (int i = 0; i < length; i++) {
            if (i > 0) {
                out.append(", ");
            }
            if (shorten && i == EDGE) {
                out.append("..., ");
                i = length - EDGE;
            }
            axis(axis + 1, offset + i * stride);
        }
        out.append(']');
    }

    private String number(double value) {
        return switch (dtype) {
            case BOOL -> value != 0 ? "true" : "false";
            case INT32 -> Integer.toString((int) value);
            case FLOAT32, FLOAT64 -> Double.isFinite(value)
                    ? String.format(Locale.ROOT, pattern, value)
                    : Double.toString(value);
        };
    }
}
