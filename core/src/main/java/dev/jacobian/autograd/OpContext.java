package dev.jacobian.autograd;

import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;

/** What one call of an operation hands from its forward to its backward rule. */
public final class OpContext {
    private static final Tensor[] NONE = {};
    private static final int[] NO_VERSIONS = {};

    private final Op op;
    private final Object kernel;
    private final Tensor[] inputs;
    private final boolean recording;
    /** What was saved, with null for what was dropped, and the version of each. */
    private Tensor[] saved = NONE;
    private int[] versions = NO_VERSIONS;
    private Tensor output;
    /** What makes again what was saved, since that is not kept; mostly null. */
    private Recomputation recomputation;
    private boolean lastUse;
    private boolean intoLeaves;
    private boolean usedUp;

    OpContext(Op op, Object kernel, Tensor[] inputs, boolean recording) {
        this.op = op;
        this.kernel = kernel;
        this.inputs = inputs;
        this.recording = recording;
    }

    /**
     * Keeps a tensor for the backward rule: an input, the result, or something else that it needs. A rule that is to be
     * differentiated again must save inputs or the result only.
     *
     * @param tensor the tensor
     * @return the same
     */
    public Tensor save(Tensor tensor) {
        if (recording) {
            int count = saved.length; // rules save up to three, one after the other
            saved = Arrays.copyOf(saved, count + 1);
            versions = Arrays.copyOf(versions, count + 1);
            saved[count] = tensor;
            versions[count] = tensor.storage().version();
        }
        return tensor;
    }

    /**
     * What was saved.
     *
     * @param index 0 for the first {@link #save}
     * @return the tensor
     * @throws IllegalStateException if it was changed in place since, or the tape was used before
     */
    public Tensor saved(int index) {
        Tensor tensor = usedUp ? null : saved[index];
        if (tensor == null) {
            throw new IllegalStateException(op.name()
                    + ": what the tape saved is gone, since backward was called before"
                    + " or the memory scope of the forward pass was closed; sum losses and call backward once, or use"
                    + " Autograd.jacobian for several gradients of one result");
        }
        if (tensor.storage().version() != versions[index]) {
            throw new IllegalStateException(op.name() + ": a tensor of shape " + tensor.shape()
                    + " that backward needs was changed in place since the forward pass; call backward before"
                    + " optimizer.step() or Param.set");
        }
        if (tensor != output && tensor.dtype().isFloating() && !isInput(tensor) && Autograd.isRecording()) {
            throw new IllegalStateException(op.name() + ": no second derivative, since its backward rule saved an"
                    + " intermediate result; save inputs or the output instead");
        }
        return tensor;
    }

    /**
     * Lets go of a saved tensor before the backward rule ends, to make room for what the rule is yet to compute. Does
     * nothing where the tape is to be walked again.
     *
     * @param index the number of the call of {@link #save}; not to be asked for any more
     */
    public void drop(int index) {
        if (lastUse) {
            saved[index].storage().release();
            saved[index] = null;
        }
    }

    private boolean isInput(Tensor tensor) {
        for (Tensor input : inputs) {
            if (input == tensor) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether an input's gradient is wanted: backward may return null for others.
     *
     * @param input the input's index
     * @return true if so
     */
    public boolean needsGrad(int input) {
        return inputs[input].requiresGrad();
    }

    /**
     * An input's shape.
     *
     * @param input the input's index
     * @return its shape, also when its memory is gone
     */
    public Shape inputShape(int input) {
        return inputs[input].shape();
    }

    /**
     * Where an input is.
     *
     * @param input the input's index
     * @return its device
     */
    public Device inputDevice(int input) {
        return inputs[input].device();
    }

    /**
     * Memory for an input's gradient, all of which the backward rule is to write. For a leaf it may be the very buffer that
     * the gradient is kept in, which saves the copy; it is then to be returned as the gradient, and not as another's.
     *
     * @param input the input's index
     * @return a dense tensor of the input's device, type and shape, with undefined content
     */
    public Tensor newGradient(int input) {
        Tensor buffer = leafGradient(input);
        return buffer != null ? buffer : inputs[input].emptyLike();
    }

    /**
     * Memory as {@link #newGradient(int)} gives it, for a rule that computes each element from that of the result's gradient
     * and reads it for the last time: where no leaf's buffer is to be had, that gradient's own, if nobody else holds it.
     *
     * @param input the input's index
     * @param dy what the rule was given
     * @return a dense tensor of the input's device, type and shape; maybe {@code dy}, else with undefined content
     */
    public Tensor newGradient(int input, Tensor dy) {
        Tensor buffer = leafGradient(input);
        if (buffer != null) {
            return buffer;
        }
        Tensor of = inputs[input];
        boolean fits = dy.view().isContiguous() && dy.dtype() == of.dtype() && dy.shape().equals(of.shape());
        return fits && !Autograd.isRecording() && dy.storage().isHeldOnce() ? dy : of.emptyLike();
    }

    /**
     * The buffer that a leaf's gradient is kept in, if that is to be written and not added to; to be filled and returned as
     * the input's gradient.
     *
     * @param input the input's index
     * @return a dense tensor of the input's device, type and shape, with undefined content; null where there is none
     */
    public Tensor leafGradient(int input) {
        return intoLeaves && isOnly(input) ? inputs[input].reuseGrad() : null;
    }

    /** Whether no other input is the same tensor. */
    private boolean isOnly(int input) {
        for (int i = 0; i < inputs.length; i++) {
            if (i != input && inputs[i] == inputs[input]) {
                return false;
            }
        }
        return true;
    }

    /**
     * How many inputs the call had.
     *
     * @return the number
     */
    public int inputs() {
        return inputs.length;
    }

    <K> K kernel(Class<K> kind) {
        return kind.cast(kernel);
    }

    /** The forward pass is over: from now on the tape holds the memory of what was saved. */
    void seal(Tensor result) {
        output = result;
        for (Tensor tensor : saved) {
            tensor.storage().retain();
        }
    }

    /**
     * A backward rule is about to run.
     *
     * @param last whether it is the last to use what was saved
     * @param intoLeaves whether the gradients of leaves are added to those that they have
     */
    void beginBackward(boolean last, boolean intoLeaves) {
        this.lastUse = last;
        this.intoLeaves = intoLeaves;
    }

    // ---- for recomputation

    Op op() {
        return op;
    }

    Recomputation recomputation() {
        return recomputation;
    }

    /** The forward pass is over, and what was saved is not held but forgotten, to be made again. */
    void deferTo(Recomputation by, Tensor result) {
        recomputation = by;
        output = result;
        saved = NONE;
    }

    boolean hasSaved() {
        return saved.length > 0;
    }

    /** The indices of the inputs that were saved; null if something else was saved too. */
    int[] savedInputs() {
        int[] indices = new int[saved.length];
        for (int i = 0; i < saved.length; i++) {
            indices[i] = Arrays.asList(inputs).indexOf(saved[i]);
            if (indices[i] < 0) {
                return null;
            }
        }
        return indices;
    }

    /** Whether another call is of the same operation and of inputs of the same shapes. */
    boolean isRepeatedBy(OpContext other) {
        if (op.getClass() != other.op.getClass() || !op.name().equals(other.op.name())
                || inputs.length != other.inputs.length) {
            return false;
        }
        for (int i = 0; i < inputs.length; i++) {
            if (!inputs[i].shape().equals(other.inputs[i].shape())) {
                return false;
            }
        }
        return true;
    }

    /** Takes what a repetition of this call saved. */
    void take(OpContext repeated) {
        if (!usedUp) {
            saved = repeated.saved;
            versions = repeated.versions;
            for (Tensor tensor : saved) {
                tensor.storage().retain();
            }
        }
        repeated.saved = NONE;
    }

    /** Lets go of what was made again. */
    void letGo() {
        for (Tensor tensor : saved) {
            if (tensor != null) {
                tensor.storage().release();
            }
        }
        saved = NONE;
    }

    void release() {
        if (!usedUp) {
            usedUp = true;
            for (Tensor tensor : saved) {
                if (tensor != null) {
                    tensor.storage().release();
                }
            }
            saved = NONE;
            if (recomputation != null) {
                recomputation.usedUp();
            }
        }
    }

    void watch() {
        if (recomputation != null) {
            recomputation.watch();
        }
        for (Tensor tensor : saved) {
            if (tensor != null) {
                tensor.storage().watch();
            }
        }
    }
}
