package dev.jacobian.tensor;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Node;
import dev.jacobian.autograd.Op;
import dev.jacobian.backend.Activation;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import dev.jacobian.memory.Keepable;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.memory.Storage;
import dev.jacobian.op.ArgReduce;
import dev.jacobian.op.Attention;
import dev.jacobian.op.AvgPool2d;
import dev.jacobian.op.Binary;
import dev.jacobian.op.BinaryScalar;
import dev.jacobian.op.Cast;
import dev.jacobian.op.Compare;
import dev.jacobian.op.CompareScalar;
import dev.jacobian.op.Concat;
import dev.jacobian.op.Conv2d;
import dev.jacobian.op.Copy;
import dev.jacobian.op.CrossEntropy;
import dev.jacobian.op.Expand;
import dev.jacobian.op.Extremum;
import dev.jacobian.op.Gather;
import dev.jacobian.op.Gelu;
import dev.jacobian.op.LayerNorm;
import dev.jacobian.op.Linear;
import dev.jacobian.op.LinearActivation;
import dev.jacobian.op.LogSoftmax;
import dev.jacobian.op.MatMul;
import dev.jacobian.op.MaxPool2d;
import dev.jacobian.op.Permute;
import dev.jacobian.op.Reshape;
import dev.jacobian.op.ScatterAdd;
import dev.jacobian.op.SelfAttention;
import dev.jacobian.op.Softmax;
import dev.jacobian.op.SoftmaxMargin;
import dev.jacobian.op.Sum;
import dev.jacobian.op.Transfer;
import dev.jacobian.op.Unary;
import dev.jacobian.op.Where;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * A dense array of numbers on a device, with the history of how it was computed. Thin: a place in a {@link Storage}, and
 * methods that delegate to one operation each. Its values never change, but for those of a {@link Param}. Methods that
 * return views share memory with this tensor; all take axes from {@code -rank} to {@code rank-1}. Binary operations
 * broadcast as NumPy does, and compute in the wider of both types.
 *
 * <p>Held by the current {@link MemoryScope} of the thread that makes it; use after that scope has closed throws
 * {@link IllegalStateException}.
 */
public sealed class Tensor implements Keepable permits Param {
    private Storage storage;
    private View view;
    private Node history;
    private boolean requiresGrad;
    private Tensor grad;
    private GradState gradState = GradState.NONE;

    /** What the gradient's buffer holds: nothing, a gradient to add to, or one that an optimiser has used up. */
    private enum GradState {
        NONE, FRESH, USED
    }

    Tensor(Storage storage, View view) {
        this.storage = storage;
        this.view = view;
    }

    /** Gives a parameter other memory, when it moves to another device or type. */
    final void rebind(Tensor values) {
        storage = values.storage;
        view = values.view;
        grad = null;
        gradState = GradState.NONE;
    }

    // ---- making tensors

    /**
     * Memory for a result, with undefined content.
     *
     * @param device where
     * @param dtype the type of the elements
     * @param shape the lengths of the axes
     * @return a dense tensor
     */
    public static Tensor empty(Device device, DType dtype, Shape shape) {
        if (dtype == DType.FLOAT64 && !device.backend().supports(dtype)) {
            throw new IllegalArgumentException(
                    "float64: not supported on " + device + "; use float32, or the cpu device");
        }
        Storage storage = Storage.allocate(device, shape.size() * dtype.bytes(), new Holder("", dtype, shape));
        return new Tensor(storage, View.owned(storage.buffer(), dtype, shape, storage));
    }

    /** What a storage is for, put into words where somebody asks. */
    private record Holder(String use, DType dtype, Shape shape) {
        @Override
        public String toString() {
            return use + dtype + " " + shape;
        }
    }

    /**
     * Another view of a tensor's memory, without history.
     *
     * @param base whose memory
     * @param view a view of the same buffer
     * @return a tensor that shares the memory
     */
    public static Tensor alias(Tensor base, View view) {
        if (!view.buffer().equals(base.view.buffer())) {
            throw new IllegalArgumentException("alias: the view is of another buffer than the tensor");
        }
        return new Tensor(base.storage, view);
    }

    /**
     * A tensor in which every element is one value.
     *
     * @param device where
     * @param dtype the type of the elements
     * @param shape the lengths of the axes
     * @param value the value
     * @return a dense tensor
     */
    public static Tensor full(Device device, DType dtype, Shape shape, double value) {
        Tensor out = empty(device, dtype, shape);
        device.backend().fill(value, out.view);
        return out;
    }

    /**
     * A float32 tensor of one value, on the current device.
     *
     * @param value the value
     * @param shape the lengths of the axes
     * @return a dense tensor
     */
    public static Tensor full(double value, int... shape) {
        return full(Device.current(), DType.FLOAT32, Shape.of(shape), value);
    }

    /**
     * A float32 tensor of zeros, on the current device.
     *
     * @param shape the lengths of the axes
     * @return a dense tensor
     */
    public static Tensor zeros(int... shape) {
        return full(0, shape);
    }

    /**
     * A float32 tensor of ones, on the current device.
     *
     * @param shape the lengths of the axes
     * @return a dense tensor
     */
    public static Tensor ones(int... shape) {
        return full(1, shape);
    }

    /**
     * Zeros of this tensor's device, type and shape.
     *
     * @return a dense tensor
     */
    public Tensor zerosLike() {
        return full(device(), dtype(), shape(), 0);
    }

    /**
     * Ones of this tensor's device, type and shape.
     *
     * @return a dense tensor
     */
    public Tensor onesLike() {
        return full(device(), dtype(), shape(), 1);
    }

    /**
     * Memory of this tensor's device, type and shape, with undefined content.
     *
     * @return a dense tensor
     */
    public Tensor emptyLike() {
        return empty(device(), dtype(), shape());
    }

    /**
     * A vector of float32, on the current device.
     *
     * @param values the elements
     * @return of shape [values.length]
     */
    public static Tensor of(float... values) {
        return HostData.of(values).reshaped(values.length);
    }

    /**
     * A vector of float64, on the current device.
     *
     * @param values the elements
     * @return of shape [values.length]
     */
    public static Tensor of(double... values) {
        return HostData.of(values).reshaped(values.length);
    }

    /**
     * A vector of int32, on the current device.
     *
     * @param values the elements
     * @return of shape [values.length]
     */
    public static Tensor of(int... values) {
        return HostData.of(values).reshaped(values.length);
    }

    /**
     * A vector of bool, on the current device.
     *
     * @param values the elements
     * @return of shape [values.length]
     */
    public static Tensor of(boolean... values) {
        return HostData.of(values).reshaped(values.length);
    }

    /**
     * A matrix of float32, on the current device.
     *
     * @param rows the rows, all of one length
     * @return of shape [rows, columns]
     */
    public static Tensor of(float[][] rows) {
        return HostData.of(rows).reshaped(rows.length, rows.length == 0 ? 0 : rows[0].length);
    }

    /**
     * A matrix of float64, on the current device.
     *
     * @param rows the rows, all of one length
     * @return of shape [rows, columns]
     */
    public static Tensor of(double[][] rows) {
        return HostData.of(rows).reshaped(rows.length, rows.length == 0 ? 0 : rows[0].length);
    }

    /**
     * A matrix of int32, on the current device.
     *
     * @param rows the rows, all of one length
     * @return of shape [rows, columns]
     */
    public static Tensor of(int[][] rows) {
        return HostData.of(rows).reshaped(rows.length, rows.length == 0 ? 0 : rows[0].length);
    }

    /**
     * A scalar of float32, on the current device.
     *
     * @param value its value
     * @return of shape []
     */
    public static Tensor scalar(double value) {
        return full(value);
    }

    /**
     * Evenly spaced float32 numbers, both ends included.
     *
     * @param from the first
     * @param to the last
     * @param count how many, at least 1
     * @return of shape [count]
     */
    public static Tensor linspace(double from, double to, int count) {
        if (count < 1) {
            throw new IllegalArgumentException("linspace: count " + count + ", expected at least 1");
        }
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (count == 1 ? from : from + (to - from) * i / (count - 1));
        }
        return of(values);
    }

    /**
     * The numbers 0, 1, …, count − 1 as int32.
     *
     * @param count how many
     * @return of shape [count]
     */
    public static Tensor arange(int count) {
        if (count < 0) {
            throw new IllegalArgumentException("arange: count " + count + ", expected at least 0");
        }
        int[] values = new int[count];
        Arrays.setAll(values, i -> i);
        return of(values);
    }

    /**
     * The identity matrix in float32.
     *
     * @param n rows and columns
     * @return of shape [n, n]
     */
    public static Tensor eye(int n) {
        return diag(ones(n));
    }

    /**
     * A square matrix with a vector on its diagonal.
     *
     * @param vector of shape [n]
     * @return of shape [n, n]
     */
    public static Tensor diag(Tensor vector) {
        Check.rank("diag", vector, 1);
        int n = vector.dim(0);
        Tensor index = arange(n).to(vector.device()).reshape(n, 1);
        Tensor column = arange(n).to(vector.device()).reshape(1, n);
        return where(index.eq(column), vector, vector.detach().zerosLike());
    }

    /**
     * Joins tensors along an axis that they have.
     *
     * @param axis the axis
     * @param tensors of equal shapes but for that axis
     * @return the parts in order
     */
    public static Tensor concat(int axis, Tensor... tensors) {
        if (tensors.length == 0) {
            throw new IllegalArgumentException("concat: no tensors, expected at least one");
        }
        DType dtype = tensors[0].dtype();
        for (Tensor tensor : tensors) {
            dtype = DType.promote(dtype, tensor.dtype());
        }
        Tensor[] parts = new Tensor[tensors.length];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = tensors[i].to(dtype);
        }
        return Autograd.apply(new Concat(parts[0].shape().axis("concat", axis)), parts);
    }

    /**
     * Joins tensors along a new axis.
     *
     * @param axis where the new axis goes, from {@code -rank-1} to {@code rank}
     * @param tensors of equal shapes
     * @return a tensor of one rank more
     */
    public static Tensor stack(int axis, Tensor... tensors) {
        return concat(axis, Arrays.stream(tensors).map(t -> t.unsqueeze(axis)).toArray(Tensor[]::new));
    }

    /**
     * Chooses between two tensors, element by element; all three broadcast.
     *
     * @param condition bool
     * @param a taken where true
     * @param b taken where false
     * @return of the common shape
     */
    public static Tensor where(Tensor condition, Tensor a, Tensor b) {
        Check.dtype("where", condition, DType.BOOL);
        DType dtype = DType.promote(a.dtype(), b.dtype());
        return Autograd.apply(new Where(), condition, a.to(dtype), b.to(dtype));
    }

    // ---- what a tensor is

    /**
     * The lengths of the axes.
     *
     * @return the shape
     */
    public final Shape shape() {
        return view.shape();
    }

    /**
     * The number of axes.
     *
     * @return the rank
     */
    public final int rank() {
        return view.rank();
    }

    /**
     * The length of one axis.
     *
     * @param axis the axis
     * @return its length
     */
    public final int dim(int axis) {
        return view.dim(axis);
    }

    /**
     * The number of elements.
     *
     * @return the size
     */
    public final long size() {
        return view.size();
    }

    /**
     * The type of the elements.
     *
     * @return the type
     */
    public final DType dtype() {
        return view.dtype();
    }

    /**
     * Where the tensor is.
     *
     * @return the device
     */
    public final Device device() {
        return storage.device();
    }

    /**
     * What kernels are given.
     *
     * @return the view of this tensor's memory
     * @throws IllegalStateException if the scope that held the memory was closed
     */
    public final View view() {
        if (!storage.isAlive()) {
            throw new IllegalStateException(closedMessage());
        }
        return view;
    }

    /**
     * The memory behind this tensor and its views.
     *
     * @return the storage
     */
    public final Storage storage() {
        return storage;
    }

    /**
     * Whether the memory is still held.
     *
     * @return false after the scope was closed
     */
    public final boolean isAlive() {
        return storage.isAlive();
    }

    /**
     * What to say about a tensor whose memory is gone.
     *
     * @return a message that names shape, scope and way out
     */
    public final String closedMessage() {
        return "tensor of shape " + view.shape() + (history == null ? "" : " made by " + history.op().name())
                + " was used after the " + storage.scope() + " that held it was closed; keep it with"
                + " MemoryScope.keep(tensor), or make it outside";
    }

    @Override
    public final void moveTo(MemoryScope from, MemoryScope to) {
        if (storage.scope() == from) {
            storage.moveTo(to);
        }
        if (history != null) {
            history.moveGraph(from, to);
        }
    }

    // ---- gradients

    /**
     * The operation that made this tensor.
     *
     * @return its tape entry; null for tensors that nothing recorded made
     */
    public final Node history() {
        return history;
    }

    /**
     * Links this tensor to the tape; for {@link Autograd#apply} alone.
     *
     * @param node the entry
     */
    public final void recordedBy(Node node) {
        if (history != null) {
            throw new IllegalStateException("tape: the tensor has a history already; return a new tensor from forward");
        }
        history = node;
    }

    /**
     * Whether gradients flow to this tensor.
     *
     * @return true for parameters in training and for what was computed from them
     */
    public final boolean requiresGrad() {
        return history != null || requiresGrad;
    }

    /**
     * Asks for gradients: {@link #backward} will add to {@link #grad()}.
     *
     * @return this
     */
    public final Tensor requireGrad() {
        setRequiresGrad(true);
        return this;
    }

    final void setRequiresGrad(boolean on) {
        if (on && !dtype().isFloating()) {
            throw new IllegalArgumentException("requireGrad: type " + dtype() + ", expected a floating-point type");
        }
        requiresGrad = on;
    }

    /**
     * Computes the gradients of this one number by everything that it was computed from and that requires them, and adds
     * them to theirs. Uses the tape up.
     */
    public final void backward() {
        if (size() != 1) {
            throw new IllegalStateException("backward: result of shape " + shape()
                    + ", expected one element; call sum() or mean() first, or backward(gradient)");
        }
        backward(onesLike());
    }

    /**
     * Computes gradients, given that of this tensor.
     *
     * @param gradient of this tensor's shape, type and device
     * @throws IllegalArgumentException if it is of another
     */
    public final void backward(Tensor gradient) {
        if (!requiresGrad()) {
            throw new IllegalStateException("backward: the result does not depend on anything that requires a gradient;"
                    + " use parameters, or requireGrad(), outside of noGrad()");
        }
        Autograd.backward(this, gradient);
    }

    /**
     * The gradient that {@link #backward} has added up.
     *
     * @return a tensor of this shape in one buffer that is used again; null before the first backward pass and after
     *         {@link #zeroGrad}
     */
    public final Tensor grad() {
        return gradState == GradState.NONE ? null : grad;
    }

    /** Discards the gradient. */
    public final void zeroGrad() {
        gradState = GradState.NONE;
    }

    /** Marks the gradient as applied: still readable, and overwritten by the next backward pass. */
    public final void useUpGrad() {
        if (gradState == GradState.FRESH) {
            gradState = GradState.USED;
        }
    }

    /**
     * Whether there is a gradient that no optimiser has applied.
     *
     * @return true after {@link #backward}
     */
    public final boolean hasFreshGrad() {
        return gradState == GradState.FRESH;
    }

    /**
     * Adds to the gradient; for the tape alone.
     *
     * @param gradient of this tensor's shape and type
     */
    public final void accumulateGrad(Tensor gradient) {
        makeGrad();
        if (gradState == GradState.FRESH) {
            device().backend().binary(BinaryOp.ADD, grad.view, gradient.view(), grad.view);
        } else if (gradient != grad) {
            device().backend().copy(gradient.view(), grad.view);
        }
        grad.storage.changed();
        gradState = GradState.FRESH;
    }

    /**
     * Offers the gradient's buffer to be written, and then given to {@link #accumulateGrad}; for the tape alone.
     *
     * @return the buffer, whose content is given up; null where this is no leaf, has a gradient to be added to, or one
     *         that a tape refers to
     */
    public final Tensor reuseGrad() {
        if (history != null || !requiresGrad || gradState == GradState.FRESH) {
            return null;
        }
        makeGrad();
        if (!grad.storage.isHeldOnce()) {
            return null;
        }
        gradState = GradState.NONE;
        return grad;
    }

    private void makeGrad() {
        if (grad == null) {
            Storage root = Storage.allocate(device(), size() * dtype().bytes(),
                    new Holder("gradient ", dtype(), shape()));
            root.moveTo(MemoryScope.root());
            grad = new Tensor(root, View.owned(root.buffer(), dtype(), shape(), root));
        }
    }

    /**
     * The same values without history.
     *
     * @return a tensor that shares the memory and requires no gradient
     */
    public final Tensor detach() {
        return new Tensor(storage, view());
    }

    // ---- elementwise, one operand

    /** −x. */
    public final Tensor neg() {
        return unary(UnaryOp.NEG);
    }

    /** |x|; the derivative at 0 is 0. */
    public final Tensor abs() {
        return unary(UnaryOp.ABS);
    }

    /** −1, 0 or 1; its derivative is 0. */
    public final Tensor sign() {
        return unary(UnaryOp.SIGN);
    }

    /** x². */
    public final Tensor square() {
        return unary(UnaryOp.SQUARE);
    }

    /** √x. */
    public final Tensor sqrt() {
        return unary(UnaryOp.SQRT);
    }

    /** 1/√x. */
    public final Tensor rsqrt() {
        return unary(UnaryOp.RSQRT);
    }

    /** 1/x. */
    public final Tensor reciprocal() {
        return unary(UnaryOp.RECIPROCAL);
    }

    /** eˣ. */
    public final Tensor exp() {
        return unary(UnaryOp.EXP);
    }

    /** eˣ − 1, exact near 0. */
    public final Tensor expm1() {
        return unary(UnaryOp.EXPM1);
    }

    /** The natural logarithm. */
    public final Tensor log() {
        return unary(UnaryOp.LOG);
    }

    /** ln(1 + x), exact near 0. */
    public final Tensor log1p() {
        return unary(UnaryOp.LOG1P);
    }

    /** The sine of x in radians. */
    public final Tensor sin() {
        return unary(UnaryOp.SIN);
    }

    /** The cosine of x in radians. */
    public final Tensor cos() {
        return unary(UnaryOp.COS);
    }

    /** The hyperbolic tangent. */
    public final Tensor tanh() {
        return unary(UnaryOp.TANH);
    }

    /** 1/(1 + e⁻ˣ). */
    public final Tensor sigmoid() {
        return unary(UnaryOp.SIGMOID);
    }

    /** The error function. */
    public final Tensor erf() {
        return unary(UnaryOp.ERF);
    }

    /** max(x, 0); the derivative at 0 is 0. */
    public final Tensor relu() {
        return unary(UnaryOp.RELU);
    }

    /** The largest integer not above x; its derivative is 0. */
    public final Tensor floor() {
        return unary(UnaryOp.FLOOR);
    }

    /** The smallest integer not below x; its derivative is 0. */
    public final Tensor ceil() {
        return unary(UnaryOp.CEIL);
    }

    /** The nearest integer, halves to even; its derivative is 0. */
    public final Tensor round() {
        return unary(UnaryOp.ROUND);
    }

    /** Logical not, of bool. */
    public final Tensor not() {
        return unary(UnaryOp.NOT);
    }

    private Tensor unary(UnaryOp op) {
        Check.supported(op, this);
        return Autograd.apply(new Unary(op), this);
    }

    /** Gaussian error linear unit, x · Φ(x) = x/2 · (1 + erf(x/√2)) (Hendrycks and Gimpel, 2016). */
    public final Tensor gelu() {
        Check.supported(UnaryOp.ERF, this);
        return Autograd.apply(new Gelu(), this);
    }

    /** Softplus, ln(1 + eˣ), without overflow. */
    public final Tensor softplus() {
        Tensor positive = gt(0); // decides both terms, so that the derivative at 0 is 1/2
        Tensor folded = where(positive, neg(), this);
        return where(positive, this, detach().zerosLike()).add(folded.exp().log1p());
    }

    /** Sigmoid linear unit, x · sigmoid(x). */
    public final Tensor silu() {
        return mul(sigmoid());
    }

    /**
     * Limits every element to a range; the derivative is 1 inside and at its ends, else 0.
     *
     * @param low the least value
     * @param high the greatest value
     * @return of this shape; NaN stays NaN
     */
    public final Tensor clamp(double low, double high) {
        if (!(low <= high)) {
            throw new IllegalArgumentException("clamp: low " + low + ", high " + high + "; expected low <= high");
        }
        Tensor inside = ge(low).mul(le(high));
        Tensor limited = detach().binary(BinaryOp.MAXIMUM, low).binary(BinaryOp.MINIMUM, high);
        return where(inside, this, limited);
    }

    // ---- elementwise, two operands

    /** Adds a tensor, element by element. */
    public final Tensor add(Tensor other) {
        return binary(BinaryOp.ADD, other);
    }

    /** Adds a number, element by element. */
    public final Tensor add(double value) {
        return binary(BinaryOp.ADD, value);
    }

    /** Subtracts a tensor, element by element. */
    public final Tensor sub(Tensor other) {
        return binary(BinaryOp.SUB, other);
    }

    /** Subtracts a number, element by element. */
    public final Tensor sub(double value) {
        return binary(BinaryOp.SUB, value);
    }

    /** Multiplies by a tensor, element by element. For bool: and. */
    public final Tensor mul(Tensor other) {
        return binary(BinaryOp.MUL, other);
    }

    /** Multiplies by a number, element by element. */
    public final Tensor mul(double value) {
        return binary(BinaryOp.MUL, value);
    }

    /** Divides by a tensor, element by element. */
    public final Tensor div(Tensor other) {
        return binary(BinaryOp.DIV, other);
    }

    /** Divides by a number, element by element. */
    public final Tensor div(double value) {
        return binary(BinaryOp.DIV, value);
    }

    /** Raises to the power of a tensor, element by element. */
    public final Tensor pow(Tensor other) {
        return binary(BinaryOp.POW, other);
    }

    /** Raises to the power of a number, element by element. */
    public final Tensor pow(double value) {
        return binary(BinaryOp.POW, value);
    }

    /** The larger of this and a tensor, element by element. For bool: or. */
    public final Tensor maximum(Tensor other) {
        return binary(BinaryOp.MAXIMUM, other);
    }

    /** The larger of this and a number, element by element. */
    public final Tensor maximum(double value) {
        return binary(BinaryOp.MAXIMUM, value);
    }

    /** The smaller of this and a tensor, element by element. */
    public final Tensor minimum(Tensor other) {
        return binary(BinaryOp.MINIMUM, other);
    }

    /** The smaller of this and a number, element by element. */
    public final Tensor minimum(double value) {
        return binary(BinaryOp.MINIMUM, value);
    }

    private Tensor binary(BinaryOp op, Tensor other) {
        DType dtype = DType.promote(dtype(), other.dtype());
        Check.supported(op, dtype);
        return Autograd.apply(new Binary(op), to(dtype), other.to(dtype));
    }

    private Tensor binary(BinaryOp op, double value) {
        Tensor left = dtype().isFloating() || (dtype() == DType.INT32 && value == (int) value) ? this : toFloat();
        Check.supported(op, left.dtype());
        return Autograd.apply(new BinaryScalar(op, value), left);
    }

    /** This tensor if its type is floating, else in float32. */
    private Tensor toFloat() {
        return dtype().isFloating() ? this : to(DType.FLOAT32);
    }

    /** Where this equals a tensor. */
    public final Tensor eq(Tensor other) {
        return compare(CompareOp.EQ, other);
    }

    /** Where this equals a number. */
    public final Tensor eq(double value) {
        return compare(CompareOp.EQ, value);
    }

    /** Where this differs from a tensor. */
    public final Tensor ne(Tensor other) {
        return compare(CompareOp.NE, other);
    }

    /** Where this differs from a number. */
    public final Tensor ne(double value) {
        return compare(CompareOp.NE, value);
    }

    /** Where this is less than a tensor. */
    public final Tensor lt(Tensor other) {
        return compare(CompareOp.LT, other);
    }

    /** Where this is less than a number. */
    public final Tensor lt(double value) {
        return compare(CompareOp.LT, value);
    }

    /** Where this is at most a tensor. */
    public final Tensor le(Tensor other) {
        return compare(CompareOp.LE, other);
    }

    /** Where this is at most a number. */
    public final Tensor le(double value) {
        return compare(CompareOp.LE, value);
    }

    /** Where this is greater than a tensor. */
    public final Tensor gt(Tensor other) {
        return compare(CompareOp.GT, other);
    }

    /** Where this is greater than a number. */
    public final Tensor gt(double value) {
        return compare(CompareOp.GT, value);
    }

    /** Where this is at least a tensor. */
    public final Tensor ge(Tensor other) {
        return compare(CompareOp.GE, other);
    }

    /** Where this is at least a number. */
    public final Tensor ge(double value) {
        return compare(CompareOp.GE, value);
    }

    private Tensor compare(CompareOp op, Tensor other) {
        DType dtype = DType.promote(dtype(), other.dtype());
        return Autograd.apply(new Compare(op), to(dtype), other.to(dtype));
    }

    private Tensor compare(CompareOp op, double value) {
        boolean exact = dtype().isFloating() || (dtype() == DType.INT32 && value == (int) value);
        DType wide = device().backend().supports(DType.FLOAT64) ? DType.FLOAT64 : DType.FLOAT32;
        return Autograd.apply(new CompareScalar(op, value), exact ? this : to(wide));
    }

    /**
     * Replaces elements where a mask is true.
     *
     * @param mask bool, broadcast with this
     * @param value what is put there
     * @return of the common shape
     */
    public final Tensor maskedFill(Tensor mask, double value) {
        Check.representable("masked fill", dtype(), value);
        return where(mask, full(device(), dtype(), Shape.SCALAR, value), this);
    }

    // ---- reductions

    /** The sum of all elements; bool and int32 give int32. */
    public final Tensor sum() {
        return sum(allAxes(), false);
    }

    /** The sum along one axis. */
    public final Tensor sum(int axis) {
        return sum(new int[] {axis}, false);
    }

    /**
     * The sum along one axis.
     *
     * @param axis the axis
     * @param keepAxis whether the axis stays, with length 1
     * @return the sums
     */
    public final Tensor sum(int axis, boolean keepAxis) {
        return sum(new int[] {axis}, keepAxis);
    }

    /**
     * The sum along several axes.
     *
     * @param axes the axes, each once
     * @param keepAxes whether they stay, with length 1
     * @return the sums
     */
    public final Tensor sum(int[] axes, boolean keepAxes) {
        Tensor x = dtype() == DType.BOOL ? to(DType.INT32) : this;
        return Autograd.apply(new Sum(Check.axes("sum", shape(), axes), keepAxes), x);
    }

    /** The mean of all elements; of none NaN. bool and int32 are averaged as float32. */
    public final Tensor mean() {
        return mean(allAxes(), false);
    }

    /** The mean along one axis. */
    public final Tensor mean(int axis) {
        return mean(new int[] {axis}, false);
    }

    /**
     * The mean along one axis.
     *
     * @param axis the axis
     * @param keepAxis whether the axis stays, with length 1
     * @return the means
     */
    public final Tensor mean(int axis, boolean keepAxis) {
        return mean(new int[] {axis}, keepAxis);
    }

    /**
     * The mean along several axes.
     *
     * @param axes the axes, each once
     * @param keepAxes whether they stay, with length 1
     * @return the means
     */
    public final Tensor mean(int[] axes, boolean keepAxes) {
        double count = count("mean", axes);
        return toFloat().sum(axes, keepAxes).div(count);
    }

    /**
     * The mean squared deviation along axes.
     *
     * @param axes the axes, each once
     * @param keepAxes whether they stay, with length 1
     * @param correction 1 divides by n − 1 (unbiased, PyTorch's default), 0 by n
     * @return the variances
     */
    public final Tensor variance(int[] axes, boolean keepAxes, int correction) {
        Tensor x = toFloat();
        double count = count("variance", axes);
        return x.sub(x.mean(axes, true)).square().sum(axes, keepAxes).div(Math.max(0, count - correction));
    }

    /**
     * The unbiased variance along one axis.
     *
     * @param axis the axis
     * @param keepAxis whether the axis stays, with length 1
     * @return the variances
     */
    public final Tensor variance(int axis, boolean keepAxis) {
        return variance(new int[] {axis}, keepAxis, 1);
    }

    /** The unbiased variance of all elements. */
    public final Tensor variance() {
        return variance(allAxes(), false, 1).reshape();
    }

    /** The largest of all elements. The gradient is shared equally by ties. */
    public final Tensor max() {
        return max(allAxes(), false).reshape();
    }

    /** The largest elements along one axis. */
    public final Tensor max(int axis) {
        return max(new int[] {axis}, false);
    }

    /**
     * The largest elements along one axis.
     *
     * @param axis the axis
     * @param keepAxis whether the axis stays, with length 1
     * @return the extremes
     */
    public final Tensor max(int axis, boolean keepAxis) {
        return max(new int[] {axis}, keepAxis);
    }

    /**
     * The largest elements along several axes; NaN where there is one.
     *
     * @param axes the axes, each once
     * @param keepAxes whether they stay, with length 1
     * @return the extremes
     */
    public final Tensor max(int[] axes, boolean keepAxes) {
        Check.supported(ReduceOp.MAX, this);
        return squeezed(Autograd.apply(new Extremum(ReduceOp.MAX, Check.axes("max", shape(), axes)), this), axes,
                keepAxes);
    }

    /**
     * Where the largest of all elements is, counted in row-major order: the first of equals, the first NaN if there is one.
     *
     * @return int32, a scalar
     */
    public final Tensor argmax() {
        return reshape(Check.length("argmax", this)).argmax(0);
    }

    /**
     * Where the largest element along one axis is: the first of equals, the first NaN if there is one.
     *
     * @param axis the axis, not empty
     * @return int32, of one rank less
     */
    public final Tensor argmax(int axis) {
        return argmax(axis, false);
    }

    /**
     * Where the largest element along one axis is: the first of equals, the first NaN if there is one.
     *
     * @param axis the axis, not empty
     * @param keepAxis whether the axis stays, with length 1
     * @return int32
     */
    public final Tensor argmax(int axis, boolean keepAxis) {
        int at = shape().axis("argmax", axis);
        Tensor index = Autograd.apply(new ArgReduce(ReduceOp.MAX, at), this);
        return keepAxis ? index : index.squeeze(at);
    }

    /** The smallest of all elements. The gradient is shared equally by ties. */
    public final Tensor min() {
        return min(allAxes(), false).reshape();
    }

    /** The smallest elements along one axis. */
    public final Tensor min(int axis) {
        return min(new int[] {axis}, false);
    }

    /**
     * The smallest elements along one axis.
     *
     * @param axis the axis
     * @param keepAxis whether the axis stays, with length 1
     * @return the extremes
     */
    public final Tensor min(int axis, boolean keepAxis) {
        return min(new int[] {axis}, keepAxis);
    }

    /**
     * The smallest elements along several axes; NaN where there is one.
     *
     * @param axes the axes, each once
     * @param keepAxes whether they stay, with length 1
     * @return the extremes
     */
    public final Tensor min(int[] axes, boolean keepAxes) {
        Check.supported(ReduceOp.MIN, this);
        return squeezed(Autograd.apply(new Extremum(ReduceOp.MIN, Check.axes("min", shape(), axes)), this), axes,
                keepAxes);
    }

    /**
     * Where the smallest of all elements is, counted in row-major order: the first of equals, the first NaN if there is one.
     *
     * @return int32, a scalar
     */
    public final Tensor argmin() {
        return reshape(Check.length("argmin", this)).argmin(0);
    }

    /**
     * Where the smallest element along one axis is: the first of equals, the first NaN if there is one.
     *
     * @param axis the axis, not empty
     * @return int32, of one rank less
     */
    public final Tensor argmin(int axis) {
        return argmin(axis, false);
    }

    /**
     * Where the smallest element along one axis is: the first of equals, the first NaN if there is one.
     *
     * @param axis the axis, not empty
     * @param keepAxis whether the axis stays, with length 1
     * @return int32
     */
    public final Tensor argmin(int axis, boolean keepAxis) {
        int at = shape().axis("argmin", axis);
        Tensor index = Autograd.apply(new ArgReduce(ReduceOp.MIN, at), this);
        return keepAxis ? index : index.squeeze(at);
    }

    /**
     * ln Σ eˣ along one axis, without overflow.
     *
     * @param axis the axis, not empty
     * @param keepAxis whether the axis stays, with length 1
     * @return the logarithms
     */
    public final Tensor logSumExp(int axis, boolean keepAxis) {
        return logSumExp(new int[] {axis}, keepAxis);
    }

    /**
     * ln Σ eˣ along several axes, without overflow; −∞ of no elements.
     *
     * @param axes the axes, each once
     * @param keepAxes whether they stay, with length 1
     * @return the logarithms
     */
    public final Tensor logSumExp(int[] axes, boolean keepAxes) {
        Check.floating("log sum exp", this);
        Tensor top = detach().max(axes, true);
        Tensor shift = where(top.abs().eq(Double.POSITIVE_INFINITY), top.zerosLike(), top);
        Tensor logarithm = sub(shift).exp().sum(axes, true).log().add(shift);
        return squeezed(logarithm, axes, keepAxes);
    }

    /** ln Σ eˣ of all elements, without overflow. */
    public final Tensor logSumExp() {
        return logSumExp(allAxes(), false).reshape();
    }

    private int[] allAxes() {
        int[] axes = new int[rank()];
        Arrays.setAll(axes, i -> i);
        return axes;
    }

    private double count(String operation, int[] axes) {
        double count = 1;
        for (int axis : Check.axes(operation, shape(), axes)) {
            count *= dim(axis);
        }
        return count;
    }

    private Tensor squeezed(Tensor reduced, int[] axes, boolean keepAxes) {
        if (keepAxes || axes.length == 0) {
            return reduced;
        }
        Shape shape = reduced.shape();
        for (int axis : Check.axes("reduce", shape(), axes).reversed()) {
            shape = shape.without(axis);
        }
        return reduced.reshape(shape);
    }

    /**
     * Sums over the axes along which a shape was broadcast to this one.
     *
     * @param target a shape that broadcasts to this one
     * @return of the target's shape
     */
    public final Tensor sumTo(Shape target) {
        int[] axes = new int[rank()];
        int count = 0;
        int added = rank() - target.rank();
        for (int i = 0; i < rank(); i++) {
            if (i < added || (target.dim(i - added) == 1 && dim(i) != 1)) {
                axes[count++] = i;
            }
        }
        return sum(Arrays.copyOf(axes, count), true).reshape(target);
    }

    // ---- products

    /**
     * The matrix product over the last two axes; axes before them broadcast. A vector on the left is a row, on the right a column, as in NumPy.
     *
     * @param other […, k, n] for this […, m, k]
     * @return of shape […, m, n]
     */
    public final Tensor matmul(Tensor other) {
        Tensor a = rank() == 1 ? unsqueeze(0) : this;
        Tensor b = other.rank() == 1 ? other.unsqueeze(1) : other;
        DType dtype = Check.matmul(this, other, a, b);
        a = a.to(dtype);
        b = b.to(dtype);
        Tensor product;
        if (b.rank() == 2 && a.rank() > 2) { // one large product instead of many small ones
            product = Autograd.apply(new MatMul(), a.reshape(a.rows(), b.dim(0)), b)
                    .reshape(a.shape().with(a.rank() - 1, b.dim(1)));
        } else {
            product = Autograd.apply(new MatMul(), a, b);
        }
        if (rank() == 1) {
            product = product.squeeze(-2);
        }
        return other.rank() == 1 ? product.squeeze(-1) : product;
    }

    /**
     * A fully connected layer, x · weightᵀ + bias.
     *
     * @param weight [out, in], for this […, in]
     * @param bias [out], or null for none
     * @return of shape […, out]
     */
    public final Tensor linear(Tensor weight, Tensor bias) {
        return linear(new Linear(), weight, bias);
    }

    /**
     * A fully connected layer and the activation that follows, activation(x · weightᵀ + bias), in one operation where
     * the device has a kernel for it.
     *
     * @param weight [out, in], for this […, in]
     * @param bias [out]
     * @param activation the function
     * @return of shape […, out]
     */
    public final Tensor linear(Tensor weight, Tensor bias, Activation activation) {
        Objects.requireNonNull(bias, "linear: bias is null; without one, call linear(weight, null) and the activation");
        return linear(activation == Activation.NONE ? new Linear() : new LinearActivation(activation), weight, bias);
    }

    private Tensor linear(Op op, Tensor weight, Tensor bias) {
        Check.linear(this, weight, bias);
        Tensor rows = rank() == 2 ? this : reshape(rows(), dim(-1));
        Tensor y = bias == null ? Autograd.apply(op, rows, weight) : Autograd.apply(op, rows, weight, bias);
        return rank() == 2 ? y : y.reshape(shape().with(rank() - 1, weight.dim(0)));
    }

    /** How many rows the axes before the last make; also where the last is empty, so that -1 would say nothing. */
    private int rows() {
        int rows = 1;
        for (int i = 0; i < rank() - 1; i++) {
            rows = Check.times("linear", rows, dim(i));
        }
        return rows;
    }

    // ---- softmax and losses

    /**
     * Softmax along one axis, e^(x − max x) / Σ e^(x − max x).
     *
     * @param axis the axis
     * @return of this shape, summing to 1
     */
    public final Tensor softmax(int axis) {
        Check.floating("softmax", this);
        return Autograd.apply(new Softmax(shape().axis("softmax", axis)), this);
    }

    /**
     * The logarithm of softmax along one axis.
     *
     * @param axis the axis
     * @return of this shape
     */
    public final Tensor logSoftmax(int axis) {
        Check.floating("log softmax", this);
        return Autograd.apply(new LogSoftmax(shape().axis("log softmax", axis)), this);
    }

    /**
     * Cross-entropy of logits with class indices, without reduction; see {@link dev.jacobian.backend.CrossEntropyKernel}.
     *
     * @param target [N], int32, for this [N, C]
     * @param ignoreIndex the label of examples that do not count
     * @param labelSmoothing how much of the target is spread over all classes, in 0..1
     * @return [N], the loss of each example
     */
    public final Tensor crossEntropy(Tensor target, int ignoreIndex, double labelSmoothing) {
        Check.crossEntropy(this, target, labelSmoothing);
        return Autograd.apply(new CrossEntropy(ignoreIndex, labelSmoothing), this, target);
    }

    /**
     * Hinge loss of softmax probabilities p with class indices, without reduction: Σ max(0, p[i] − p[label] + margin) over
     * all classes i but the label's; see {@link dev.jacobian.loss.SoftmaxMarginLoss}.
     *
     * @param target [N], int32, for these logits [N, C]
     * @param margin how far the label's probability must be ahead, a finite number
     * @return [N], the loss of each example
     */
    public final Tensor softmaxMargin(Tensor target, double margin) {
        Check.softmaxMargin(this, target, margin);
        return Autograd.apply(new SoftmaxMargin(margin), this, target);
    }

    /**
     * Layer normalisation over the last axes: (x − mean) / √(variance + epsilon) · weight + bias, with the mean and the
     * variance (divided by n) of each group of elements (Ba, Kiros and Hinton, 2016).
     *
     * @param normalizedShape the lengths of the last axes, at least one
     * @param weight of the normalised shape; null for ones
     * @param bias of the normalised shape; null exactly where weight is
     * @param epsilon added to the variance
     * @return of this shape
     */
    public final Tensor layerNorm(int[] normalizedShape, Tensor weight, Tensor bias, double epsilon) {
        WindowCheck.layerNorm(this, normalizedShape, weight, bias);
        LayerNorm op = new LayerNorm(normalizedShape.length, epsilon);
        return weight == null ? Autograd.apply(op, this) : Autograd.apply(op, this, weight, bias);
    }

    // ---- attention

    /**
     * Scaled dot-product attention of these queries [B, H, T, D], with scores divided by √D; see
     * {@link #scaledDotProductAttention(Tensor, Tensor, double, boolean)}.
     *
     * @param k keys, [B, H, S, D]
     * @param v values, [B, H, S, D]
     * @param causal whether query t sees the keys s ≤ t only
     * @return [B, H, T, D]
     */
    public final Tensor scaledDotProductAttention(Tensor k, Tensor v, boolean causal) {
        AttentionCheck.attention(this, k, v);
        return Autograd.apply(new Attention(1 / Math.sqrt(dim(3)), causal), this, k, v);
    }

    /**
     * Scaled dot-product attention of these queries [B, H, T, D], softmax(scale · q kᵀ) v (Vaswani et al., 2017), as
     * PyTorch's function of that name. Zeros where there are no keys. Where the device has a kernel for it, the T × S
     * scores are never stored.
     *
     * @param k keys, [B, H, S, D]
     * @param v values, [B, H, S, D]
     * @param scale the factor of the scores
     * @param causal whether query t sees the keys s ≤ t only
     * @return [B, H, T, D]
     */
    public final Tensor scaledDotProductAttention(Tensor k, Tensor v, double scale, boolean causal) {
        AttentionCheck.attention(this, k, v);
        return Autograd.apply(new Attention(scale, causal), this, k, v);
    }

    /**
     * Scaled dot-product attention of tokens to each other, of a packed projection [B, T, 3 · H · D]: the queries of all
     * heads, then their keys, then their values. The same as splitting it, without copies.
     *
     * @param heads H, at least 1
     * @param causal whether a token sees no later ones
     * @return [B, T, H · D], the heads' results one after the other
     */
    public final Tensor selfAttention(int heads, boolean causal) {
        AttentionCheck.selfAttention(this, heads);
        return Autograd.apply(new SelfAttention(heads, causal), this);
    }

    // ---- windows over planes

    /**
     * Two-dimensional convolution without dilation and groups; see {@link #conv2d(Tensor, Tensor, Window2d, int)}.
     *
     * @param weight [O, C, kernelH, kernelW]
     * @param bias [O]; null for none
     * @param stride how far the window moves in both directions, at least 1
     * @param padding zeros on all sides, at least 0
     * @return [N, O, height, width]
     */
    public final Tensor conv2d(Tensor weight, Tensor bias, int stride, int padding) {
        Check.rank("conv2d: weight", weight, 4);
        Window2d window = Window2d.of(weight.dim(2), weight.dim(3)).stride(stride, stride).padding(padding, padding);
        return conv2d(weight, bias, window, 1);
    }

    /**
     * Two-dimensional convolution of this [N, C, H, W] as networks have it, which is cross-correlation; see
     * {@link dev.jacobian.backend.Conv2dKernel}.
     *
     * @param weight [O, C/groups, kernelH, kernelW]
     * @param bias [O]; null for none
     * @param window the window, with the weight's kernel
     * @param groups how many groups channels and filters form, each on its own; a divisor of C and of O
     * @return [N, O, height, width], as many as the window has positions
     */
    public final Tensor conv2d(Tensor weight, Tensor bias, Window2d window, int groups) {
        WindowCheck.conv2d(this, weight, bias, window, groups);
        Conv2d op = new Conv2d(window, groups);
        return bias == null ? Autograd.apply(op, this, weight) : Autograd.apply(op, this, weight, bias);
    }

    /**
     * Two-dimensional convolution of this [N, C, H, W] with zeros around it after a mode; see
     * {@link #conv2d(Tensor, Tensor, Window2d, int)}.
     *
     * @param weight [O, C/groups, kernelH, kernelW]
     * @param bias [O]; null for none
     * @param window the window, with the weight's kernel; its own padding does not count
     * @param padding the mode; SAME wants strides of 1
     * @param groups how many groups channels and filters form, each on its own; a divisor of C and of O
     * @return [N, O, height, width], as many as the window has positions
     */
    public final Tensor conv2d(Tensor weight, Tensor bias, Window2d window, Padding padding, int groups) {
        WindowCheck.conv2d(this, padding, window);
        long h = window.reachH();
        long w = window.reachW();
        Window2d padded = window.padding(padding.around("conv2d", h), padding.around("conv2d", w));
        return padding.behind(padding.behind(this, 2, h), 3, w).conv2d(weight, bias, padded, groups);
    }

    /**
     * One-dimensional convolution without dilation and groups; see {@link #conv1d(Tensor, Tensor, int, int, int, int)}.
     *
     * @param weight [O, C, kernel]
     * @param bias [O]; null for none
     * @param stride how far the kernel moves, at least 1
     * @param padding zeros at both ends, at least 0
     * @return [N, O, length]
     */
    public final Tensor conv1d(Tensor weight, Tensor bias, int stride, int padding) {
        return conv1d(weight, bias, stride, padding, 1, 1);
    }

    /**
     * One-dimensional convolution without dilation and groups, with zeros after a mode; see
     * {@link #conv1d(Tensor, Tensor, int, int, int, int)}.
     *
     * @param weight [O, C, kernel]
     * @param bias [O]; null for none
     * @param stride how far the kernel moves, at least 1
     * @param padding the mode; SAME wants a stride of 1
     * @return [N, O, length]
     */
    public final Tensor conv1d(Tensor weight, Tensor bias, int stride, Padding padding) {
        return conv1d(weight, bias, stride, padding, 1, 1);
    }

    /**
     * One-dimensional convolution of this [N, C, L] as networks have it, which is cross-correlation:
     * y[n, o, q] = bias[o] + Σ over c, j of weight[o, c, j] · x[n, c, q · stride − padding + j · dilation], with the
     * channels c of o's group, and x as 0 outside. It is the {@linkplain #conv2d(Tensor, Tensor, Window2d, int) planar
     * one} of planes of height 1, without copies.
     *
     * @param weight [O, C/groups, kernel]
     * @param bias [O]; null for none
     * @param stride how far the kernel moves, at least 1
     * @param padding zeros at both ends, at least 0
     * @param dilation the distance between the kernel's elements, at least 1
     * @param groups how many groups channels and filters form, each on its own; a divisor of C and of O
     * @return [N, O, ⌊(L + 2 padding − dilation · (kernel − 1) − 1) / stride⌋ + 1]
     */
    public final Tensor conv1d(Tensor weight, Tensor bias, int stride, int padding, int dilation, int groups) {
        Window2d window = WindowCheck.row(weight, stride, padding, dilation);
        WindowCheck.conv1d(this, weight, bias, window, groups);
        return unsqueeze(2).conv2d(weight.unsqueeze(2), bias, window, groups).squeeze(2);
    }

    /**
     * One-dimensional convolution of this [N, C, L] with zeros at its ends after a mode; see
     * {@link #conv1d(Tensor, Tensor, int, int, int, int)}.
     *
     * @param weight [O, C/groups, kernel]
     * @param bias [O]; null for none
     * @param stride how far the kernel moves, at least 1
     * @param padding the mode; SAME wants a stride of 1
     * @param dilation the distance between the kernel's elements, at least 1
     * @param groups how many groups channels and filters form, each on its own; a divisor of C and of O
     * @return [N, O, length]
     */
    public final Tensor conv1d(Tensor weight, Tensor bias, int stride, Padding padding, int dilation, int groups) {
        long reach = WindowCheck.row(weight, stride, 0, dilation).reachW();
        WindowCheck.conv1d(this, padding, stride);
        return padding.behind(this, 2, reach)
                .conv1d(weight, bias, stride, padding.around("conv1d", reach), dilation, groups);
    }

    /**
     * The largest element of each window over the planes of this [N, C, H, W]. NaN counts as larger than all numbers; the
     * gradient goes to the first of equals.
     *
     * @param window the window; its padding is never the largest, and is at most half of the kernel
     * @return [N, C, height, width], as many as the window has positions
     */
    public final Tensor maxPool2d(Window2d window) {
        WindowCheck.pool("max pool", this, window);
        return Autograd.apply(new MaxPool2d(window), this);
    }

    /**
     * The mean of each window over the planes of this [N, C, H, W].
     *
     * @param window the window, not dilated; its padding is at most half of the kernel
     * @param countIncludePad whether padding counts as elements that are 0; else means are of what is inside
     * @return [N, C, height, width], as many as the window has positions
     */
    public final Tensor avgPool2d(Window2d window, boolean countIncludePad) {
        WindowCheck.avgPool2d(this, window);
        return Autograd.apply(new AvgPool2d(window, countIncludePad), this);
    }

    // ---- shape

    /**
     * The same elements in row-major order under another shape.
     *
     * @param dims the new lengths; one may be -1 for what is left
     * @return a view where strides allow it, else a copy
     */
    public final Tensor reshape(int... dims) {
        return reshape(Check.reshape(shape(), dims));
    }

    /**
     * The same elements in row-major order under another shape.
     *
     * @param target a shape of as many elements
     * @return a view where strides allow it, else a copy
     */
    public final Tensor reshape(Shape target) {
        if (target.equals(shape())) {
            return this;
        }
        if (target.size() != size()) {
            Check.reshape(shape(), target.toArray());
        }
        return Autograd.apply(new Reshape(target), this);
    }

    /**
     * Joins a range of axes into one.
     *
     * @param from the first axis
     * @param to the last axis, included
     * @return of lower rank
     */
    public final Tensor flatten(int from, int to) {
        int first = shape().axis("flatten", from);
        int last = shape().axis("flatten", to);
        if (first > last) {
            throw new IllegalArgumentException("flatten: first axis " + from + " lies behind last axis " + to);
        }
        int[] dims = shape().toArray();
        int[] joined = new int[rank() - (last - first)];
        System.arraycopy(dims, 0, joined, 0, first);
        joined[first] = 1;
        for (int i = first; i <= last; i++) {
            joined[first] = Check.times("flatten", joined[first], dims[i]);
        }
        System.arraycopy(dims, last + 1, joined, first + 1, joined.length - first - 1);
        return reshape(joined);
    }

    /**
     * Swaps the last two axes: the transpose of a matrix, or of each of a batch.
     *
     * @return a view
     */
    public final Tensor transpose() {
        return transpose(-2, -1);
    }

    /**
     * Swaps two axes.
     *
     * @param a one axis
     * @param b the other
     * @return a view
     */
    public final Tensor transpose(int a, int b) {
        int[] order = allAxes();
        int first = shape().axis("transpose", a);
        int second = shape().axis("transpose", b);
        order[first] = second;
        order[second] = first;
        return permute(order);
    }

    /**
     * Puts the axes in another order.
     *
     * @param order a permutation of the axes
     * @return a view whose axis i is axis order[i] of this
     */
    public final Tensor permute(int... order) {
        return Autograd.apply(new Permute(Check.permutation(shape(), order)), this);
    }

    /**
     * Removes an axis of length 1.
     *
     * @param axis the axis
     * @return a view of one rank less
     */
    public final Tensor squeeze(int axis) {
        int at = shape().axis("squeeze", axis);
        if (dim(at) != 1) {
            throw new IllegalArgumentException(
                    "squeeze: axis " + axis + " of shape " + shape() + " has length " + dim(at) + ", expected 1");
        }
        return reshape(shape().without(at));
    }

    /**
     * Adds an axis of length 1.
     *
     * @param axis where it goes, from {@code -rank-1} to {@code rank}
     * @return a view of one rank more
     */
    public final Tensor unsqueeze(int axis) {
        int at = axis < 0 ? axis + rank() + 1 : axis;
        if (at < 0 || at > rank()) {
            throw new IllegalArgumentException("unsqueeze: axis " + axis + " out of range for shape " + shape()
                    + "; valid " + (-rank() - 1) + ".." + rank());
        }
        int[] dims = new int[rank() + 1];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = i == at ? 1 : dim(i < at ? i : i - 1);
        }
        return reshape(dims);
    }

    /**
     * Repeats axes of length 1, and adds axes in front, without copying.
     *
     * @param dims the new lengths
     * @return a view
     */
    public final Tensor expand(int... dims) {
        return expand(Shape.of(dims));
    }

    /**
     * Repeats axes of length 1, and adds axes in front, without copying.
     *
     * @param target the new shape
     * @return a view
     */
    public final Tensor expand(Shape target) {
        if (!target.equals(shape()) && !Shape.broadcast("expand", shape(), target).equals(target)) {
            throw new IllegalArgumentException("expand: shape " + shape() + " does not broadcast to " + target);
        }
        return Autograd.apply(new Expand(target), this);
    }

    /**
     * A range of one axis.
     *
     * @param axis the axis
     * @param from the first index; negative ones count from the end
     * @param to the index behind the last; negative ones count from the end
     * @return a view
     */
    public final Tensor slice(int axis, int from, int to) {
        return slice(axis, from, to, 1);
    }

    /**
     * Every step-th index of a range of one axis.
     *
     * @param axis the axis
     * @param from the first index; negative ones count from the end
     * @param to the index behind the last; negative ones count from the end
     * @param step at least 1
     * @return a view
     */
    public final Tensor slice(int axis, int from, int to, int step) {
        return Autograd.apply(Check.slice(shape(), axis, from, to, step), this);
    }

    /**
     * One index of an axis.
     *
     * @param axis the axis
     * @param index the index; negative ones count from the end
     * @return a view of one rank less
     */
    public final Tensor select(int axis, int index) {
        int at = shape().axis("select", axis);
        int i = index < 0 ? index + dim(at) : index;
        if (i < 0 || i >= dim(at)) {
            throw new IllegalArgumentException(
                    "select: index " + index + " out of range for axis " + axis + " of shape " + shape());
        }
        return slice(at, i, i + 1).squeeze(at);
    }

    /**
     * Cuts an axis into parts.
     *
     * @param axis the axis
     * @param lengths the length of each part
     * @return views, in order
     */
    public final List<Tensor> split(int axis, int... lengths) {
        int at = shape().axis("split", axis);
        if (Arrays.stream(lengths).sum() != dim(at)) {
            throw new IllegalArgumentException("split: lengths " + Arrays.toString(lengths) + " do not add up to "
                    + dim(at) + ", axis " + axis + " of shape " + shape());
        }
        List<Tensor> parts = new ArrayList<>(lengths.length);
        int from = 0;
        for (int length : lengths) {
            parts.add(slice(at, from, from + length));
            from += length;
        }
        return parts;
    }

    /**
     * Adds elements at both ends of an axis.
     *
     * @param axis the axis
     * @param before how many in front, at least 0
     * @param after how many behind, at least 0
     * @param value what they are
     * @return a copy
     */
    public final Tensor pad(int axis, int before, int after, double value) {
        return Autograd.apply(Check.pad(shape(), axis, before, after, value), this);
    }

    // ---- indexing

    /**
     * Takes one element per index along an axis, as torch.gather.
     *
     * @param axis the axis
     * @param index int32, of this shape but for the axis
     * @return of the index's shape
     */
    public final Tensor gather(int axis, Tensor index) {
        int at = Check.gather("gather", this, axis, index);
        return Autograd.apply(new Gather(at), this, index);
    }

    /**
     * Takes whole slices along an axis.
     *
     * @param axis the axis
     * @param index [n], int32
     * @return this shape, with the index's length at the axis
     */
    public final Tensor indexSelect(int axis, Tensor index) {
        int at = shape().axis("index select", axis);
        Check.rank("index select: index", index, 1);
        Check.dtype("index select: index", index, DType.INT32);
        int[] flat = new int[rank()];
        Arrays.fill(flat, 1);
        flat[at] = index.dim(0);
        return Autograd.apply(new Gather(at), this,
                index.reshape(flat).expand(shape().with(at, index.dim(0)).toArray()));
    }

    /**
     * The rows of a table at these indices: int32, of any shape.
     *
     * @param weight [count, width], the table
     * @param paddingIndex a row that takes no gradient; -1 for none
     * @return this shape and one more axis, of length width
     */
    public final Tensor embedding(Tensor weight, int paddingIndex) {
        WindowCheck.embedding(this, weight, paddingIndex);
        int[] dims = Arrays.copyOf(shape().toArray(), rank() + 1);
        dims[rank()] = weight.dim(1);
        Tensor rows = weight.indexSelect(0, reshape(Check.length("embedding", this))).reshape(dims);
        return paddingIndex < 0 ? rows : where(eq(paddingIndex).unsqueeze(-1), rows.detach(), rows);
    }

    /**
     * Zeros of a length along an axis, to which these elements are added at their indices.
     *
     * @param axis the axis
     * @param index int32, of this shape
     * @param length the length of the result's axis
     * @return this shape, with the length at the axis
     */
    public final Tensor scatterAdd(int axis, Tensor index, int length) {
        int at = Check.gather("scatter add", this, axis, index);
        if (!index.shape().equals(shape())) {
            throw new IllegalArgumentException(
                    "scatter add: index of shape " + index.shape() + ", expected " + shape());
        }
        return Autograd.apply(new ScatterAdd(at, length), this, index);
    }

    /**
     * A vector of zeros with a one for each class index.
     *
     * @param classes the length of the new axis
     * @return float32, of this shape and one more axis; all zeros for indices out of range
     */
    public final Tensor oneHot(int classes) {
        Check.dtype("one hot", this, DType.INT32);
        return unsqueeze(-1).eq(arange(classes).to(device())).to(DType.FLOAT32);
    }

    // ---- copies and values

    /**
     * This tensor in another type.
     *
     * @param dtype the type
     * @return this if it has that type, else a copy
     */
    public final Tensor to(DType dtype) {
        return dtype == dtype() ? this : Autograd.apply(new Cast(dtype), this);
    }

    /**
     * This tensor on another device.
     *
     * @param device the device
     * @return this if it is there, else a copy
     */
    public final Tensor to(Device device) {
        return device == device() ? this : Autograd.apply(new Transfer(device), this);
    }

    /**
     * A dense copy.
     *
     * @return memory of its own
     */
    public final Tensor copy() {
        return Autograd.apply(new Copy(), this);
    }

    /**
     * This tensor with its elements one after another in row-major order.
     *
     * @return this if it is so, else a copy
     */
    public final Tensor contiguous() {
        return view.isContiguous() ? this : copy();
    }

    /**
     * The value of a tensor of one element.
     *
     * @return the number; 1 for true
     */
    public final double item() {
        if (size() != 1) {
            throw new IllegalStateException(
                    "item: shape " + shape() + ", expected one element; use toArray, or reduce first");
        }
        return HostData.toDoubles(this)[0];
    }

    /**
     * The elements in row-major order.
     *
     * @return a fresh array, converted to float32
     */
    public final float[] toArray() {
        return HostData.toFloats(this);
    }

    /**
     * The elements in row-major order.
     *
     * @return a fresh array, converted to float64
     */
    public final double[] toDoubleArray() {
        return HostData.toDoubles(this);
    }

    /**
     * The elements in row-major order.
     *
     * @return a fresh array
     */
    public final int[] toIntArray() {
        Check.dtype("toIntArray", this, DType.INT32);
        return HostData.toInts(this);
    }

    /**
     * The elements in row-major order.
     *
     * @return a fresh array
     */
    public final boolean[] toBooleanArray() {
        Check.dtype("toBooleanArray", this, DType.BOOL);
        return HostData.toBooleans(this);
    }

    /**
     * The values in nested brackets, with six decimals; long axes are shortened.
     *
     * @return for people
     */
    @Override
    public String toString() {
        return TensorFormat.format(this);
    }
}
