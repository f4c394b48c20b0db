package dev.jacobian.autograd;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Philox;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Compares gradients with finite differences, in float64: for operations and layers of one's own. A result f(x) of any
 * shape is made one number L = Σ wᵢ fᵢ(x) with fixed random weights wᵢ of magnitude 0.5 to 1.5, so that every element
 * and every path counts. The numeric derivative is the central difference (L(x + h) − L(x − h)) / 2h, whose truncation
 * error h² |L‴| / 6 and rounding error ε |L| / h balance at h = ∛ε · max(1, |x|), ε = 2⁻⁵² (Press et al., <i>Numerical
 * Recipes</i>, section 5.7); both errors are then of the order 10⁻¹¹.
 *
 * <p>The error of an element is |analytic − numeric| divided by the largest of |analytic|, |numeric| and 10⁻⁴ · max(1, the
 * input's largest gradient, the sum of |wᵢ fᵢ| over the results that the element moves): so elements whose gradient is
 * close to 0 are held against what finite differences can tell. It must be at most {@value #TOLERANCE}.
 *
 * <p>Inputs are converted to float64 on their device or, where that has no float64, moved to one that has. The function
 * must be smooth where it is checked (not at the kink of a ReLU, nor at ties of a maximum), and give the same result for
 * the same input. float32 tensors that it refers to meet float64 ones as usual, in float64.
 */
public final class GradientCheck {
    /** The largest relative error that passes. */
    public static final double TOLERANCE = 1e-6;

    /** The share of the largest gradient, and of the values, below which a gradient is not told from 0. */
    private static final double FLOOR = 1e-4;

    private static final double STEP = Math.cbrt(Math.ulp(1.0));
    private static final long SEED = 0x6A61_636F_6269_616EL;

    /** What is differentiated: from inputs to results, several of each. */
    private final Function<List<Tensor>, List<Tensor>> function;
    private final List<Tensor> inputs;
    private final List<double[]> weights = new ArrayList<>();
    private final List<double[]> analytic = new ArrayList<>();

    private GradientCheck(Function<List<Tensor>, List<Tensor>> function, List<Tensor> inputs) {
        this.function = function;
        this.inputs = inputs;
    }

    /**
     * Checks the gradient of a function of one tensor.
     *
     * @param function of any result's shape
     * @param x where, of a floating type; its elements are moved one by one
     * @return what was found; call {@link Report#orThrow} to insist
     */
    public static Report of(UnaryOperator<Tensor> function, Tensor x) {
        return of(inputs -> function.apply(inputs.getFirst()), new Tensor[] {x});
    }

    /**
     * Checks the gradients of a function of several tensors.
     *
     * @param function of any result's shape
     * @param inputs where; those of a floating type are differentiated by, others are handed through
     * @return what was found; call {@link Report#orThrow} to insist
     */
    @SuppressWarnings("overloads") // one tensor selects the other form, several this one
    public static Report of(Function<List<Tensor>, Tensor> function, Tensor... inputs) {
        return check(values -> List.of(function.apply(values)), inputs);
    }

    /**
     * Checks the second derivatives of a function of one tensor: the gradient of its gradient, against central differences
     * of the gradient that backward rules give.
     *
     * @param function of any result's shape
     * @param x where, of a floating type
     * @return what was found; call {@link Report#orThrow} to insist
     */
    public static Report secondOrder(UnaryOperator<Tensor> function, Tensor x) {
        return secondOrder(inputs -> function.apply(inputs.getFirst()), new Tensor[] {x});
    }

    /**
     * Checks the second derivatives, mixed ones included, of a function of several tensors.
     *
     * @param function of any result's shape
     * @param inputs where; those of a floating type are differentiated by, others are handed through
     * @return what was found; call {@link Report#orThrow} to insist
     */
    @SuppressWarnings("overloads") // one tensor selects the other form, several this one
    public static Report secondOrder(Function<List<Tensor>, Tensor> function, Tensor... inputs) {
        return check(values -> gradients(function, values), inputs);
    }

    private static List<Tensor> gradients(Function<List<Tensor>, Tensor> function, List<Tensor> values) {
        try (var _ = Autograd.recording(true); var _ = Autograd.higherOrder()) {
            List<Tensor> variables = values.stream()
                    .map(value -> value.requiresGrad() || !value.dtype().isFloating()
                            ? value
                            : value.detach().requireGrad())
                    .toList();
            Tensor y = function.apply(variables);
            Tensor weight = tensor(weights(y, 0), y.shape());
            Tensor[] differentiated = variables.stream().filter(value -> value.dtype().isFloating())
                    .toArray(Tensor[]::new);
            return Tape.gradients(y, weight, true, true, differentiated);
        }
    }

    private static Report check(Function<List<Tensor>, List<Tensor>> function, Tensor... inputs) {
        if (Arrays.stream(inputs).noneMatch(input -> input.dtype().isFloating())) {
            throw new IllegalArgumentException(
                    "gradient check: no input of a floating-point type, expected at least one; convert with to(DType)");
        }
        Device device = inDouble(inputs[0].device());
        try (var _ = MemoryScope.open("of a gradient check"); var _ = device.use(); var _ = Autograd.noGrad()) {
            List<Tensor> values = Arrays.stream(inputs).map(input -> input.detach().to(device))
                    .map(input -> input.dtype().isFloating() ? input.to(DType.FLOAT64) : input).toList();
            GradientCheck check = new GradientCheck(function, values);
            check.differentiate();
            Report worst = new Report(0, 0, List.of(), 0, 0);
            for (int i = 0, floating = 0; i < values.size(); i++) {
                if (values.get(i).dtype().isFloating()) {
                    worst = check.compare(i, check.analytic.get(floating++), worst);
                }
            }
            return worst;
        }
    }

    private static Device inDouble(Device device) {
        if (device.backend().supports(DType.FLOAT64)) {
            return device;
        }
        return Device.available().stream().filter(other -> other.backend().supports(DType.FLOAT64)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("gradient check: no device with float64, got " + device
                        + "; put jacobian-cpu on the module or class path"));
    }

    /** The weights of all results, and the gradients of all inputs by the tape. */
    private void differentiate() {
        try (var _ = MemoryScope.open("of a gradient check"); var _ = Autograd.recording(true)) {
            List<Tensor> variables = inputs.stream()
                    .map(value -> value.dtype().isFloating() ? value.detach().requireGrad() : value).toList();
            List<Tensor> results = function.apply(variables);
            Tensor sum = Tensor.of(0.0).reshape();
            for (Tensor y : results) {
                if (y.dtype() != DType.FLOAT64) {
                    throw new IllegalArgumentException("gradient check: result of type " + y.dtype()
                            + " for inputs of type float64, expected float64; do not convert inside the function");
                }
                double[] weight = weights(y, 1 + weights.size());
                weights.add(weight);
                sum = sum.add(y.mul(tensor(weight, y.shape())).sum());
            }
            Tensor[] wanted = variables.stream().filter(value -> value.dtype().isFloating()).toArray(Tensor[]::new);
            for (Tensor gradient : Tape.gradients(sum, sum.onesLike(), false, false, wanted)) {
                analytic.add(gradient.toDoubleArray());
            }
        }
    }

    /** The worst of the errors of one input's elements and of what was found before. */
    private Report compare(int input, double[] gradient, Report before) {
        double[] x = inputs.get(input).toDoubleArray();
        double[] numeric = new double[x.length];
        double[] moved = new double[x.length];
        double largest = 1;
        for (int i = 0; i < x.length; i++) {
            double h = STEP * Math.max(1, Math.abs(x[i]));
            double[] above = evaluate(input, x, i, x[i] + h);
            double[] below = evaluate(input, x, i, x[i] - h);
            double difference = 0;
            for (int j = 0; j < above.length; j++) {
                if (above[j] != below[j]) {
                    difference += above[j] - below[j];
                    moved[i] += Math.abs(above[j]);
                }
            }
            numeric[i] = difference / ((x[i] + h) - (x[i] - h));
            largest = Math.max(largest, Math.max(Math.abs(gradient[i]), Math.abs(numeric[i])));
        }
        Report worst = before;
        for (int i = 0; i < x.length; i++) {
            double floor = FLOOR * Math.max(largest, moved[i]);
            double scale = Math.max(floor, Math.max(Math.abs(gradient[i]), Math.abs(numeric[i])));
            double error = Math.abs(gradient[i] - numeric[i]) / scale;
            error = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
            if (error > worst.error) {
                worst = new Report(error, input, index(inputs.get(input).shape(), i), gradient[i], numeric[i]);
            }
        }
        return worst;
    }

    /** All weighted results, where one element of one input has another value. */
    private double[] evaluate(int input, double[] x, int element, double value) {
        double[] changed = x.clone();
        changed[element] = value;
        try (var _ = MemoryScope.open("of a gradient check")) {
            List<Tensor> values = new ArrayList<>(inputs);
            values.set(input, tensor(changed, inputs.get(input).shape()));
            List<Tensor> results = function.apply(values);
            double[] all = new double[weights.stream().mapToInt(weight -> weight.length).sum()];
            int at = 0;
            for (int k = 0; k < weights.size(); k++) {
                double[] weight = weights.get(k);
                double[] y = results.get(k).toDoubleArray();
                for (int j = 0; j < weight.length; j++) {
                    all[at++] = weight[j] * y[j];
                }
            }
            return all;
        }
    }

    private static Tensor tensor(double[] values, Shape shape) {
        return Tensor.of(values).reshape(shape);
    }

    /** Magnitudes uniform in 0.5..1.5, signs at random. */
    private static double[] weights(Tensor y, int stream) {
        double[] weights = new double[Math.toIntExact(y.size())];
        int[] words = new int[4];
        for (int i = 0; i < weights.length; i++) {
            Philox.block(SEED, stream, 0, i, words);
            double magnitude = 0.5 + Philox.uniform(words[0]);
            weights[i] = words[1] < 0 ? -magnitude : magnitude;
        }
        return weights;
    }

    private static List<Integer> index(Shape shape, int position) {
        Integer[] index = new Integer[shape.rank()];
        int rest = position;
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            index[axis] = rest % shape.dim(axis);
            rest /= shape.dim(axis);
        }
        return List.of(index);
    }

    /**
     * What a check found: its worst element.
     *
     * @param error the largest relative error; infinite where a gradient is not a finite number
     * @param input the number of the input where it is
     * @param index the element's indices in that input; empty for a scalar, and where no gradient is wrong at all
     * @param analytic the gradient by the backward rules
     * @param numeric the gradient by central differences
     */
    public record Report(double error, int input, List<Integer> index, double analytic, double numeric) {
        /**
         * Whether all gradients are right.
         *
         * @return true if the error is within {@link GradientCheck#TOLERANCE}
         */
        public boolean passed() {
            return error <= TOLERANCE;
        }

        /**
         * Insists on right gradients.
         *
         * @return this
         * @throws AssertionError if the check did not pass
         */
        public Report orThrow() {
            if (!passed()) {
                throw new AssertionError(toString());
            }
            return this;
        }

        /**
         * The outcome in one line.
         *
         * @return for people
         */
        @Override
        public String toString() {
            return String.format(Locale.ROOT,
                    "gradient check %s: largest relative error %.2e (tolerance %.0e), at %s of input %d:"
                            + " analytic %.12g, numeric %.12g",
                    passed() ? "passed" : "failed", error, TOLERANCE, index, input, analytic, numeric);
        }
    }
}
