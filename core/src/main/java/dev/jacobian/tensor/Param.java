package dev.jacobian.tensor;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.View;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.memory.Storage;

/**
 * A tensor that is trained: it has a name, requires gradients until frozen, lives in the root scope, and is the only kind
 * whose values change in place. Buffers of layers, such as running means, are frozen ones.
 */
public final class Param extends Tensor {
    private final String name;

    private Param(String name, Storage storage, View view) {
        super(storage, view);
        this.name = name;
    }

    /**
     * A parameter with a copy of a tensor's values.
     *
     * @param name its name inside its layer
     * @param initial of any floating type
     * @return a parameter that requires gradients
     */
    public static Param of(String name, Tensor initial) {
        Param param = buffer(name, initial);
        param.setRequiresGrad(true);
        return param;
    }

    /**
     * State that is saved with a layer but not trained, with a copy of a tensor's values.
     *
     * @param name its name inside its layer
     * @param initial of any type
     * @return a parameter that requires no gradients
     */
    public static Param buffer(String name, Tensor initial) {
        Tensor values = rooted(initial);
        return new Param(name, values.storage(), values.view());
    }

    /** A dense copy that lives in the root scope. */
    private static Tensor rooted(Tensor values) {
        try (var _ = Autograd.noGrad()) {
            Tensor copy = values.detach().copy();
            copy.storage().moveTo(MemoryScope.root());
            return copy;
        }
    }

    /**
     * Moves it to another device, in place; its gradient is discarded. Optimisers made before bring their state along at
     * their next step.
     *
     * @param device where to
     */
    public void moveTo(Device device) {
        if (device != device()) {
            Tensor moved = detach().to(device);
            moved.storage().moveTo(MemoryScope.root());
            rebind(moved);
        }
    }

    /**
     * Converts it to another type, in place; its gradient is discarded.
     *
     * @param dtype a floating type, or any for a buffer
     */
    public void convertTo(DType dtype) {
        if (dtype != dtype()) {
            Tensor converted = detach().to(dtype);
            converted.storage().moveTo(MemoryScope.root());
            rebind(converted);
        }
    }

    /**
     * What it is called inside its layer.
     *
     * @return for example {@code weight}
     */
    public String name() {
        return name;
    }

    /**
     * Stops training it: no gradients, and optimisers leave it alone.
     *
     * @return this
     */
    public Param freeze() {
        setRequiresGrad(false);
        zeroGrad();
        return this;
    }

    /**
     * Trains it again.
     *
     * @return this
     */
    public Param unfreeze() {
        setRequiresGrad(true);
        return this;
    }

    /**
     * Changes the values in place. Not to be called on a trained parameter while operations are recorded. Has no effect
     * where a {@linkplain Autograd#checkpoint checkpoint} is computed again: it had it the first time.
     *
     * @param values of this shape, of any type, on any device
     * @throws IllegalStateException if it requires gradients and the call is outside of {@link Autograd#noGrad}
     */
    public void set(Tensor values) {
        if (requiresGrad() && Autograd.isRecording()) {
            throw new IllegalStateException(
                    "set: " + name + " requires gradients and operations are being recorded; change"
                            + " it inside try (var _ = Autograd.noGrad()) { … }");
        }
        if (!values.shape().equals(shape())) {
            throw new IllegalArgumentException(
                    "set: values of shape " + values.shape() + " for " + name + " of shape " + shape());
        }
        if (Autograd.isRecomputing()) {
            return;
        }
        Tensor known = values.detach();
        if (!device().backend().supports(known.dtype())) {
            known = known.to(dtype()); // where the values are, for here they cannot be
        }
        Tensor here = known.to(device());
        if (here.storage() == storage()) {
            here = here.copy(); // a view of the parameter itself would change while it is read
        }
        device().backend().copy(here.view(), view());
        changed();
    }

    /** Notes that a kernel changed the values, so that a tape that saved the old ones refuses to use them. */
    public void changed() {
        storage().changed();
    }
}
