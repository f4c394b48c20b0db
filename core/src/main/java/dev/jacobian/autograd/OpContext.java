package dev.jacobian.autograd;

import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.Storage;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** What one call of an operation hands from its forward to its backward rule. */
public final class OpContext {
    private record Saved(Tensor tensor, int version) {}

    private final Op op;
    private final Object kernel;
    private final Tensor[] inputs;
    private final boolean recording;
    private final List<Saved> saved = new ArrayList<>(2);
    private Tensor output;
    private boolean lastUse;
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
            saved.add(new Saved(tensor, tensor.storage().version()));
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
        Saved entry = usedUp ? null : saved.get(index);
        if (entry == null) {
            throw new IllegalStateException(op.name()
                    + ": what the tape saved is gone, since backward was called before"
                    + " or the memory scope of the forward pass was closed; sum losses and call backward once, or use"
                    + " Autograd.jacobian for several gradients of one result");
        }
        Tensor tensor = entry.tensor();
        if (tensor.storage().version() != entry.version()) {
            throw new IllegalStateException(op.name() + ": a tensor of shape " + tensor.shape()
                    + " that backward needs was changed in place since the forward pass; call backward before"
                    + " optimizer.step() or Param.set");
        }
        if (Autograd.isRecording() && tensor.dtype().isFloating() && tensor != output && !isInput(tensor)) {
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
            saved.set(index, null).tensor().storage().release();
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
        saved.forEach(entry -> entry.tensor().storage().retain());
    }

    /** The next backward rule is the last to use what was saved. */
    void lastUse() {
        lastUse = true;
    }

    /** What was saved and not dropped. */
    private Stream<Storage> held() {
        return saved.stream().filter(Objects::nonNull).map(entry -> entry.tensor().storage());
    }

    void release() {
        if (!usedUp) {
            usedUp = true;
            held().forEach(Storage::release);
            saved.clear();
        }
    }

    void watch() {
        held().forEach(Storage::watch);
    }
}
