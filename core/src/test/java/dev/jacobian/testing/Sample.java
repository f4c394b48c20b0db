package dev.jacobian.testing;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * One call of an operation.
 *
 * @param label the shapes and parameters, for messages
 * @param function the call, of {@link #inputs}
 * @param inputs what it is called with
 * @param forward how exact the result is to be
 * @param backward how exact the gradients are to be
 * @param special whether inputs are special numbers: then the expected result is that of float32 operations, since
 *        where float32 overflows float64 does not
 */
public record Sample(
        String label,
        Function<List<Tensor>, Tensor> function,
        List<Input> inputs,
        Tolerance forward,
        Tolerance backward,
        boolean special) {

    private Sample calling(Function<List<Tensor>, Tensor> other) {
        return new Sample(label, other, inputs, forward, backward, special);
    }

    /** This call, when the gradients of its inputs have memory already, and are used up. */
    Sample afterAnother() {
        return calling(values -> {
            Tensor y = function.apply(values);
            if (y.requiresGrad()) {
                y.backward(y.onesLike());
            }
            values.forEach(Tensor::useUpGrad);
            return function.apply(values);
        });
    }

    /** This call inside of a network: it is not given leaves, and nobody but the tape sees the gradient of its result. */
    Sample amongOthers() {
        return calling(values -> {
            Tensor y = function.apply(values.stream().map(Tensor::copy).toList());
            return y.requiresGrad() ? y.mul(1) : y;
        });
    }

    /**
     * One input: its elements, in row-major order.
     *
     * @param dtype float32 stands for the floating type of the run
     * @param shape the lengths of the axes
     * @param values the elements
     */
    @SuppressWarnings("ArrayRecordComponent") // never changed nor compared
    public record Input(DType dtype, Shape shape, double[] values) {
        static Input of(Domain domain, String seed, int... dims) {
            Shape shape = Shape.of(dims);
            DType dtype = switch (domain) {
                case INTEGER -> DType.INT32;
                case BIT -> DType.BOOL;
                case REAL, NONZERO, POSITIVE, ABOVE_MINUS_ONE, UNIT, WIDE, OFF_INTEGER -> DType.FLOAT32;
            };
            return new Input(dtype, shape, domain.draw(Math.toIntExact(shape.size()), seed + shape));
        }

        static Input indices(int limit, String seed, int... dims) {
            Input drawn = of(Domain.POSITIVE, seed, dims);
            double[] values = drawn.values.clone();
            for (int i = 0; i < values.length; i++) {
                values[i] = Math.floor(values[i] * 1e5) % limit;
            }
            return new Input(DType.INT32, drawn.shape, values);
        }

        /** Whether these are the special numbers, one after another. */
        boolean isSpecial() {
            return Arrays.equals(values, Domain.SPECIAL);
        }

        static Input of(DType dtype, double... values) {
            return new Input(dtype, Shape.of(values.length), values);
        }

        Input shaped(int... dims) {
            return new Input(dtype, Shape.of(dims), values);
        }

        /** The tensor on the current device. */
        public Tensor tensor(DType floating, Layout layout) {
            return layout.view(base(floating, layout), shape);
        }

        /** The tensor that {@link #tensor} is a view of. */
        public Tensor base(DType floating, Layout layout) {
            double[] stored = layout.store(values, shape, dtype);
            Shape base = layout.base(shape);
            return switch (dtype) {
                case FLOAT32 -> floating == DType.FLOAT64
                        ? Tensor.of(stored).reshape(base)
                        : Tensor.of(Numbers.floats(stored)).reshape(base);
                case FLOAT64 -> Tensor.of(stored).reshape(base);
                case INT32 -> Tensor.of(Numbers.ints(stored)).reshape(base);
                case BOOL -> Tensor.of(Numbers.booleans(stored)).reshape(base);
            };
        }
    }

    /** How an input lies where inputs are to lie so: dense where it cannot. */
    public Layout layout(int input, Layout layout) {
        return layout.fits(inputs.get(input).shape()) ? layout : Layout.DENSE;
    }

    /** Whether any input can lie so. */
    public boolean fits(Layout layout) {
        return inputs.stream().anyMatch(input -> layout.fits(input.shape()));
    }

    long size() {
        return inputs.stream().mapToLong(input -> input.shape.size()).max().orElse(0);
    }

    @Override
    public String toString() {
        return label;
    }
}
