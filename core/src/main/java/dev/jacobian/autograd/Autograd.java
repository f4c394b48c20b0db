package dev.jacobian.autograd;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

/**
 * Automatic differentiation in reverse mode. Operations on tensors that require gradients are recorded as they run;
 * {@link Tensor#backward} and the functions here walk the tape back. Modes belong to one thread.
 */
public final class Autograd {
    private Autograd() {}

    /** A mode of this thread that ends when this is closed. */
    @FunctionalInterface
    public interface ModeScope extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Records nothing until closed: for evaluation and for changing parameters.
     *
     * @return to be closed, in a try-with-resources statement
     */
    public static ModeScope noGrad() {
        return recording(false);
    }

    static ModeScope recording(boolean on) {
        Mode mode = Mode.current();
        boolean before = mode.recording;
        mode.recording = on;
        return () -> mode.recording = before;
    }

    /**
     * Records every fused operation as its decomposition until closed, so that gradients can be differentiated again.
     *
     * @return to be closed, in a try-with-resources statement
     */
    public static ModeScope higherOrder() {
        Mode mode = Mode.current();
        boolean before = mode.higherOrder;
        mode.higherOrder = true;
        return () -> mode.higherOrder = before;
    }

    /**
     * Checks every result, forward and backward, until closed; the first that holds a NaN is an
     * {@link AnomalyException} that names the operation and the layer. Slow: for finding where a NaN comes from.
     *
     * @return to be closed, in a try-with-resources statement
     */
    public static ModeScope detectAnomaly() {
        Mode mode = Mode.current();
        boolean before = mode.anomaly;
        mode.anomaly = true;
        return () -> mode.anomaly = before;
    }

    /**
     * Enters a layer until closed: nodes, errors and random streams are named by its path.
     *
     * @param name the layer's name inside the layer that is entered already
     * @return to be closed, in a try-with-resources statement
     */
    public static ModeScope enterLayer(String name) {
        String before = layer();
        return enterPath(before.isEmpty() ? name : before + "." + name);
    }

    /**
     * Enters a layer until closed, as {@link #enterLayer} does, for those that know its whole path.
     *
     * @param path what {@link #layer} is to return
     * @return to be closed, in a try-with-resources statement
     */
    public static ModeScope enterPath(String path) {
        Mode mode = Mode.current();
        String before = mode.layer;
        mode.layer = path;
        return () -> mode.layer = before;
    }

    /**
     * The path of the layer that this thread is in.
     *
     * @return for example {@code encoder.0.linear}; empty outside of layers
     */
    public static String layer() {
        return Mode.current().layer;
    }

    /**
     * Whether operations are recorded.
     *
     * @return false under {@link #noGrad}
     */
    public static boolean isRecording() {
        return Mode.current().recording;
    }

    /**
     * Whether fused operations are recorded as their decompositions.
     *
     * @return true under {@link #higherOrder}
     */
    public static boolean isHigherOrder() {
        return Mode.current().higherOrder;
    }

    /**
     * Applies an operation, and records it if one of its inputs requires a gradient.
     *
     * @param op the operation
     * @param inputs its inputs, all on one device
     * @return the result
     */
    public static Tensor apply(Op op, Tensor... inputs) {
        checkInputs(op, inputs);
        Mode mode = Mode.current();
        boolean record = mode.recording && anyRequiresGrad(inputs);
        Recomputation recomputation = mode.recomputation;
        if (recomputation != null && mode.recording) {
            recomputation.read(inputs);
        }
        Object kernel = null;
        if (op instanceof FusedOp<?> fused) {
            kernel = kernel(fused, record, inputs);
            if (kernel == null) {
                return fused.decompose(inputs);
            }
        }
        Tensor[] kept = record ? inputs.clone() : inputs;
        OpContext context = new OpContext(op, kernel, kept, record);
        if (recomputation != null && record) {
            recomputation.begin(context, kept);
        }
        Tensor result = forward(op, context, mode, inputs);
        if (mode.anomaly) {
            checkNumbers(result, op, mode.layer, "result");
        }
        if (record && result.dtype().isFloating()) {
            Node node = new Node(op, context, kept, kernel != null, mode.layer);
            if (recomputation == null) {
                context.seal(result);
            } else {
                recomputation.seal(context, result);
            }
            result.recordedBy(node);
            node.moveTo(MemoryScope.current());
        }
        return result;
    }

    /**
     * Calls a function and keeps its input, but nothing of what is computed inside of it: the backward pass runs the
     * function again, with the same random numbers, to have what its rules need, and lets go of that as soon as it has
     * left the function. The gradients are the same, bit for bit; they cost up to a second forward pass. As with a layer's
     * call, what the function makes beside its result is gone when it has returned.
     *
     * <p>What the function refers to beside its input must live until then: parameters, or tensors of an outer scope.
     * Whatever else it does, it does twice, but for {@link dev.jacobian.tensor.Param#set}, which has no effect the second
     * time. Does nothing special under {@link #noGrad} and under {@link #higherOrder}.
     *
     * @param function of one tensor; a function of its input, of parameters and of {@link dev.jacobian.tensor.Rng} alone
     * @param x where
     * @return what the function returns
     */
    public static Tensor checkpoint(UnaryOperator<Tensor> function, Tensor x) {
        x.view(); // throws if it is closed
        Mode mode = Mode.current();
        try (var _ = MemoryScope.openFrame("of a checkpoint")) {
            return MemoryScope.keepResult(
                    mode.recording && !mode.higherOrder ? Recomputation.call(function, x) : function.apply(x));
        }
    }

    /**
     * Whether a function runs for the second time, in a backward pass: layers then leave alone what they count or
     * average over calls.
     *
     * @return true inside the function of a {@link #checkpoint}, when it is computed again
     */
    public static boolean isRecomputing() {
        Recomputation recomputation = Mode.current().recomputation;
        return recomputation != null && recomputation.isAgain();
    }

    /**
     * A number that a computation takes from outside, such as that of a random stream: when a {@link #checkpoint} is
     * computed again, the number of the first time, without asking for another.
     *
     * @param fresh gives the number
     * @return the number
     */
    public static long repeatable(LongSupplier fresh) {
        Recomputation recomputation = Mode.current().recomputation;
        return recomputation == null ? fresh.getAsLong() : recomputation.draw(fresh);
    }

    /**
     * Whether {@link #apply} would compute a fused operation now by its kernel, and not as its decomposition.
     *
     * @param op the operation
     * @param inputs its inputs
     * @return true if the backend has the kernel, unless gradients are to be differentiated again
     */
    public static boolean isFused(FusedOp<?> op, Tensor... inputs) {
        return kernel(op, Mode.current().recording && anyRequiresGrad(inputs), inputs) != null;
    }

    private static Object kernel(FusedOp<?> op, boolean record, Tensor[] inputs) {
        return record && Mode.current().higherOrder
                ? null
                : inputs[0].device().backend().kernel(op.kernel(), inputs[0].dtype());
    }

    private static Tensor forward(Op op, OpContext context, Mode mode, Tensor[] inputs) {
        boolean before = mode.recording;
        mode.recording = false;
        try {
            Tensor result = op.forward(context, inputs);
            for (Tensor input : inputs) {
                if (result == input) {
                    return Tensor.alias(result, result.view()); // a handle of its own, to carry its own history
                }
            }
            return result;
        } finally {
            mode.recording = before;
        }
    }

    private static void checkInputs(Op op, Tensor[] inputs) {
        if (inputs.length == 0) {
            throw new IllegalArgumentException(op.name() + ": no inputs, expected at least one tensor");
        }
        Device device = inputs[0].device();
        for (int i = 0; i < inputs.length; i++) {
            if (!inputs[i].isAlive()) {
                throw new IllegalStateException(op.name() + ": input " + i + ": " + inputs[i].closedMessage());
            }
            if (inputs[i].device() != device) {
                throw new IllegalArgumentException(op.name() + ": inputs on different devices, " + device + " and "
                        + inputs[i].device() + "; move one with to(device)");
            }
        }
    }

    private static boolean anyRequiresGrad(Tensor[] inputs) {
        for (Tensor input : inputs) {
            if (input.requiresGrad()) {
                return true;
            }
        }
        return false;
    }

    /** Infinities pass: they are what masks for a softmax are made of. */
    static void checkNumbers(Tensor value, Op op, String layer, String what) {
        if (value.dtype().isFloating() && Double.isNaN(reduced(ReduceOp.MAX, value))) {
            throw new AnomalyException("anomaly: the " + what + " of " + op.name() + " of shape " + value.shape()
                    + (layer.isEmpty() ? "" : " in layer " + layer) + " holds a NaN");
        }
    }

    /**
     * Whether a tensor holds neither NaN nor infinities.
     *
     * @param value the tensor
     * @return true if all elements are finite, or are not floating-point numbers
     */
    public static boolean isFinite(Tensor value) {
        if (!value.dtype().isFloating() || value.shape().size() == 0) {
            return true;
        }
        try (var _ = MemoryScope.open("of a check")) {
            Tensor zeros = value.emptyLike();
            value.device().backend().binary(BinaryOp.MUL, value.view(), 0, zeros.view());
            return reduced(ReduceOp.SUM, zeros) == 0;
        }
    }

    /** One number of all elements, unrecorded and unchecked. */
    private static double reduced(ReduceOp op, Tensor value) {
        try (var _ = MemoryScope.open("of a check")) {
            int[] ones = new int[value.rank()];
            Arrays.fill(ones, 1);
            Tensor one = Tensor.empty(value.device(), value.dtype(), Shape.of(ones));
            value.device().backend().reduce(op, value.view(), one.view());
            return one.item();
        }
    }

    /**
     * The gradients of one number. Under {@link #higherOrder}, they can be differentiated again; elsewhere that is an
     * error.
     *
     * @param y a tensor of one element, with history
     * @param inputs the tensors that it is differentiated by
     * @return one gradient for each, of its shape; zeros where y does not depend on it
     * @throws IllegalStateException if y has no history at all
     */
    public static List<Tensor> grad(Tensor y, Tensor... inputs) {
        checkOneElement(y);
        if (!y.requiresGrad()) {
            throw new IllegalStateException("grad: the result does not depend on anything that requires a gradient; use"
                    + " parameters, or requireGrad(), outside of noGrad()");
        }
        boolean again = isRecording() && isHigherOrder();
        List<Tensor> gradients = Tape.gradients(y, y.onesLike(), again, again, inputs);
        return again || !isRecording() ? gradients : gradients.stream().map(g -> apply(new OnceOnly(), g, y)).toList();
    }

    /**
     * The gradient of a function of one number. Inside the function of another call, and under {@link #higherOrder}, the
     * result can be differentiated again, also by tensors that the function refers to; elsewhere that is an error.
     *
     * @param function of one tensor, with one element as its result
     * @param x where
     * @return df/dx, of x's shape
     */
    public static Tensor grad(UnaryOperator<Tensor> function, Tensor x) {
        return product(function, x, y -> {
            checkOneElement(y);
            return y.onesLike();
        });
    }

    /**
     * The vector-Jacobian product vᵀ · ∂f/∂x, which can be differentiated again where {@link #grad} can.
     *
     * @param function of one tensor
     * @param x where
     * @param v of the shape of f(x)
     * @return of x's shape
     */
    public static Tensor vjp(UnaryOperator<Tensor> function, Tensor x, Tensor v) {
        return product(function, x, y -> {
            checkGradient("vjp: vector", v, y);
            return v;
        });
    }

    /** What a walk begins with is as its result is. */
    private static void checkGradient(String what, Tensor gradient, Tensor y) {
        if (!gradient.shape().equals(y.shape())) {
            throw new IllegalArgumentException(
                    what + " of shape " + gradient.shape() + ", expected the result's " + y.shape());
        }
        if (gradient.dtype() != y.dtype()) {
            throw new IllegalArgumentException(what + " of type " + gradient.dtype() + ", expected the result's "
                    + y.dtype() + "; convert it with to(DType)");
        }
        if (gradient.device() != y.device()) {
            throw new IllegalArgumentException(what + " on " + gradient.device() + ", expected the result's device "
                    + y.device() + "; move it with to(device)");
        }
    }

    private static void checkOneElement(Tensor y) {
        if (y.size() != 1) {
            throw new IllegalArgumentException("grad: result of shape " + y.shape()
                    + ", expected one element; sum it, or use Autograd.vjp or Autograd.jacobian");
        }
    }

    /** The product of the Jacobian with a vector that is chosen for the result. */
    private static Tensor product(UnaryOperator<Tensor> function, Tensor x, UnaryOperator<Tensor> vector) {
        return differentiate(function, x, isDifferentiatedAgain(x),
                (y, input, again) -> Tape.gradients(y, vector.apply(y), again, again, input).getFirst());
    }

    /**
     * The matrix of all first derivatives, which can be differentiated again where {@link #grad} can.
     *
     * @param function of one tensor
     * @param x where
     * @return ∂f(x)ᵢ/∂xⱼ, of shape [shape of f(x)…, shape of x…]
     */
    public static Tensor jacobian(UnaryOperator<Tensor> function, Tensor x) {
        return differentiate(function, x, isDifferentiatedAgain(x), Autograd::rows);
    }

    /**
     * The matrix of all second derivatives, which can be differentiated again where {@link #grad} can.
     *
     * @param function of one tensor, with one element as its result
     * @param x where
     * @return ∂²f/∂xᵢ∂xⱼ, of shape [shape of x…, shape of x…]
     */
    public static Tensor hessian(UnaryOperator<Tensor> function, Tensor x) {
        boolean again = isDifferentiatedAgain(x);
        try (var _ = higherOrder()) {
            return differentiate(v -> grad(function, v), x, again, Autograd::rows);
        }
    }

    /** What is made of a function's result and its input. */
    @FunctionalInterface
    private interface Derivative {
        Tensor of(Tensor y, Tensor input, boolean again);
    }

    /** Records a function and differentiates it, so that the derivative can be differentiated again, or refuses to be. */
    private static Tensor differentiate(
            UnaryOperator<Tensor> function, Tensor x, boolean again, Derivative derivative) {
        boolean watched = isRecording();
        try (var _ = again ? higherOrder() : recording(true);
                var _ = recording(true);
                var _ = differentiating()) {
            Tensor input = variable(x, again);
            Tensor y = function.apply(input);
            Tensor result = derivative.of(y, input, again);
            Tensor other = again || !watched ? null : Tape.otherLeaf(y, input);
            return other == null ? result : apply(new OnceOnly(), result, other);
        }
    }

    /**
     * A derivative that was made without a graph, although it depends on tensors that require gradients. It passes for
     * what it is until somebody differentiates it, who would otherwise get zeros.
     */
    private record OnceOnly() implements Op {
        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            return inputs[0];
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            throw new IllegalStateException(
                    "grad: a derivative that was made without a graph is differentiated again; make"
                            + " it inside try (var _ = Autograd.higherOrder()) { … }, or detach() it");
        }

        @Override
        public String name() {
            return "grad";
        }
    }

    private static Tensor variable(Tensor x, boolean linked) {
        return linked && x.requiresGrad() ? x.copy() : x.detach().requireGrad();
    }

    /** Whether somebody may differentiate a gradient: by its own variable, or by what its function refers to. */
    private static boolean isDifferentiatedAgain(Tensor x) {
        Mode mode = Mode.current();
        return mode.recording && (x.requiresGrad() || mode.higherOrder || mode.differentiating);
    }

    /** The functions that are called until this is closed are to be differentiated. */
    private static ModeScope differentiating() {
        Mode mode = Mode.current();
        boolean before = mode.differentiating;
        mode.differentiating = true;
        return () -> mode.differentiating = before;
    }

    /** One backward walk for every element of the result. */
    private static Tensor rows(Tensor y, Tensor x, boolean again) {
        int count = Math.toIntExact(y.size());
        List<Tensor> rows = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            rows.add(Tape.gradients(y, unit(y, i), again, true, x).getFirst());
        }
        int[] shape = Arrays.copyOf(y.shape().toArray(), y.rank() + x.rank());
        System.arraycopy(x.shape().toArray(), 0, shape, y.rank(), x.rank());
        try (var _ = recording(again)) {
            return count == 0
                    ? Tensor.full(x.device(), x.dtype(), Shape.of(shape), 0)
                    : Tensor.stack(0, rows.toArray(Tensor[]::new)).reshape(shape);
        }
    }

    /** Zeros of a tensor's shape with a one at one element. */
    private static Tensor unit(Tensor y, int element) {
        float[] values = new float[Math.toIntExact(y.size())];
        values[element] = 1;
        try (var _ = noGrad(); var _ = y.device().use()) {
            return Tensor.of(values).to(y.dtype()).reshape(y.shape());
        }
    }

    /**
     * What {@link Tensor#backward} does: adds gradients to those of the leaves that require them.
     *
     * @param y the result
     * @param dy its gradient, of its shape, type and device
     * @throws IllegalArgumentException if it is of another
     */
    public static void backward(Tensor y, Tensor dy) {
        checkGradient("backward: gradient", dy, y);
        Tape.accumulate(y, dy);
    }
}
