package dev.jacobian.optim;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Changes parameters by their gradients. {@link #step} uses gradients up: the next backward pass starts afresh, and
 * several backward passes before one step add up. Parameters that are frozen, or that no backward pass reached, are
 * left alone.
 *
 * <p>A subclass says which state it keeps for each parameter and how one parameter is updated. It may also say how a
 * backend's kernel updates many of them in one call.
 */
public abstract class Optimizer {
    /** The state of one parameter: tensors of its shape, and how often it was updated. */
    private static final class State {
        private final List<Param> buffers = new ArrayList<>(2);
        private final List<Param> seen = Collections.unmodifiableList(buffers);
        private int updates;
        /** That of the last step, which serves again: the gradient's buffer mostly stays. */
        private Update update;
    }

    /**
     * What one parameter's update is made of.
     *
     * @param parameter what to change, dense
     * @param gradient of the parameter's shape and type, dense
     * @param state tensors of the parameter's shape and type, dense, zero at first, as many as there are names
     */
    protected record Update(Param parameter, Tensor gradient, List<Param> state) {
        /**
         * The parameters of several updates, for a kernel.
         *
         * @param updates the updates
         * @return one view for each
         */
        public static List<View> parameters(List<Update> updates) {
            List<View> views = new ArrayList<>(updates.size());
            for (Update update : updates) {
                views.add(update.parameter.view());
            }
            return views;
        }

        /**
         * The gradients of several updates, for a kernel.
         *
         * @param updates the updates
         * @return one view for each
         */
        public static List<View> gradients(List<Update> updates) {
            List<View> views = new ArrayList<>(updates.size());
            for (Update update : updates) {
                views.add(update.gradient.view());
            }
            return views;
        }

        /**
         * One tensor of the state of several updates, for a kernel.
         *
         * @param updates the updates
         * @param index its place among the names
         * @return one view for each
         */
        public static List<View> state(List<Update> updates, int index) {
            List<View> views = new ArrayList<>(updates.size());
            for (Update update : updates) {
                views.add(update.state.get(index).view());
            }
            return views;
        }
    }

    /** Parameters that can be updated in one call: scalars depend on the update's number. */
    private record Group(Device device, DType dtype, int updates, List<Integer> indices) {
        boolean takes(Param parameter, State state) {
            return parameter.device() == device && parameter.dtype() == dtype && state.updates == updates;
        }
    }

    private final List<Param> parameters;
    private final List<State> states = new ArrayList<>();
    private final List<ScalarBlock> blocks = new ArrayList<>(1);
    private double lr;
    private double gradScale = 1;

    /**
     * Makes an optimiser.
     *
     * @param parameters what it changes, each once
     * @param lr the learning rate, finite and not negative
     * @throws IllegalArgumentException if there is no parameter, one comes twice, or the learning rate is out of range
     */
    protected Optimizer(List<Param> parameters, double lr) {
        this.parameters = List.copyOf(parameters);
        if (this.parameters.isEmpty()) {
            throw new IllegalArgumentException("optimizer: got no parameters, expected at least one; give it"
                    + " model.parameters()");
        }
        Set<Param> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Param parameter : this.parameters) {
            if (!seen.add(parameter)) {
                throw new IllegalArgumentException("optimizer: got parameter " + parameter.name() + " of shape "
                        + parameter.shape() + " twice, expected each once");
            }
            states.add(new State());
        }
        setLr(lr);
    }

    /**
     * What this optimiser changes.
     *
     * @return the parameters, in the order of their state
     */
    public final List<Param> parameters() {
        return parameters;
    }

    /**
     * The learning rate of the next step.
     *
     * @return not negative
     */
    public final double lr() {
        return lr;
    }

    /**
     * Sets the learning rate of the next steps.
     *
     * @param lr finite and not negative
     * @throws IllegalArgumentException if it is out of range
     */
    public final void setLr(double lr) {
        this.lr = notNegative("lr", lr);
    }

    /**
     * What gradients are multiplied by before they are used.
     *
     * @return 1 unless it was set
     */
    public final double gradScale() {
        return gradScale;
    }

    /**
     * Sets what gradients are multiplied by before they are used: 1 / k where k batches of one size are to count as
     * one, or the inverse of a loss scale.
     *
     * @param scale finite
     * @throws IllegalArgumentException if it is not
     */
    public final void setGradScale(double scale) {
        if (!Double.isFinite(scale)) {
            throw new IllegalArgumentException("optimizer: got gradient scale " + scale + ", expected a finite number");
        }
        gradScale = scale;
    }

    /**
     * The state kept for each parameter.
     *
     * @return a name for each tensor, as PyTorch has them, always the same
     */
    protected abstract List<String> stateNames();

    /**
     * The numbers that change from step to step, as kernels read them from device memory.
     *
     * @param update the number of the parameter's update, from 1 on
     * @return always as many
     */
    protected abstract double[] scalars(int update);

    /**
     * Updates one parameter and its state in place. Called while nothing is recorded, inside a memory scope. Should
     * leave everything as it was when it throws.
     *
     * @param parameter what to change
     * @param gradient of the parameter's shape and type, dense
     * @param state tensors of the parameter's shape and type, dense, zero at first, as many as there are names
     * @param scalars what {@link #scalars} returned: a vector of the parameter's type
     */
    protected abstract void update(Param parameter, Tensor gradient, List<Param> state, Tensor scalars);

    /**
     * Updates several parameters, and their state, in one call of a backend's kernel, where there is one. Unless
     * overridden, and where this returns false, each is given to {@link #update}. Called while nothing is recorded,
     * inside a memory scope. Must leave everything as it was when it throws.
     *
     * @param updates at least one; all parameters are on one device, of one type, and at the same update
     * @param scalars what {@link #scalars} returned: a vector of the parameters' type
     * @return true if all were updated, false if nothing was done
     */
    protected boolean updateTogether(List<Update> updates, Tensor scalars) {
        return false;
    }

    /**
     * Updates every parameter that has a fresh gradient, uses the gradients up, and goes on to the next step of
     * {@link Rng}. Should it fail for lack of memory, parameters are either updated or keep their gradient, and another
     * call goes on.
     *
     * @throws IllegalStateException if no parameter has a fresh gradient
     */
    public final void step() {
        List<Group> ready = new ArrayList<>(1);
        for (int i = 0; i < parameters.size(); i++) {
            if (isReady(parameters.get(i))) {
                group(ready, i).indices.add(i);
            }
        }
        if (ready.isEmpty()) {
            throw new IllegalStateException(
                    "step: none of " + parameters.size() + " parameters has a gradient that was not"
                            + " used yet; call loss.backward() first");
        }
        try (var _ = Autograd.noGrad()) {
            ready.forEach(group -> group.indices.forEach(this::prepare));
            ready.forEach(this::update);
        }
        Rng.nextStep();
    }

    /** The group that a parameter belongs to, added to the others if it is the first. */
    private Group group(List<Group> groups, int index) {
        Param parameter = parameters.get(index);
        State state = states.get(index);
        for (Group group : groups) {
            if (group.takes(parameter, state)) {
                return group;
            }
        }
        Group group = new Group(parameter.device(), parameter.dtype(), state.updates, new ArrayList<>());
        groups.add(group);
        return group;
    }

    static boolean isReady(Param parameter) {
        return parameter.requiresGrad() && parameter.hasFreshGrad();
    }

    /** Makes the state that a parameter lacks, and brings it to the parameter's device and type. */
    private void prepare(int index) {
        Param parameter = parameters.get(index);
        List<Param> buffers = states.get(index).buffers;
        List<String> names = stateNames();
        for (Param buffer : buffers) {
            buffer.moveTo(parameter.device());
            buffer.convertTo(parameter.dtype());
        }
        while (buffers.size() < names.size()) {
            try (var _ = MemoryScope.open("of an optimizer's step")) {
                buffers.add(Param.buffer(names.get(buffers.size()), parameter.zerosLike()));
            }
        }
    }

    /** Updates parameters of one kind. One that was updated is finished at once: the next may lack memory. */
    private void update(Group group) {
        Tensor scalars = block(group).with(scalars(group.updates + 1));
        List<Update> updates = new ArrayList<>(group.indices.size());
        for (int index : group.indices) {
            updates.add(updateOf(index));
        }
        boolean together;
        try (var _ = MemoryScope.open("of an optimizer's step")) {
            together = updateTogether(updates, scalars);
        }
        for (int i = 0; i < updates.size(); i++) {
            Update update = updates.get(i);
            if (!together) {
                try (var _ = MemoryScope.open("of an optimizer's step")) {
                    update(update.parameter, update.gradient, update.state, scalars);
                }
            }
            states.get(group.indices.get(i)).updates++;
            update.parameter.changed();
            update.state.forEach(Param::changed);
            update.parameter.useUpGrad();
        }
    }

    private Update updateOf(int index) {
        Param parameter = parameters.get(index);
        State state = states.get(index);
        if (state.update == null || state.update.gradient != parameter.grad()) {
            state.update = new Update(parameter, parameter.grad(), state.seen);
        }
        return state.update;
    }

    private ScalarBlock block(Group group) {
        for (ScalarBlock block : blocks) {
            if (block.fits(group.device, group.dtype)) {
                return block;
            }
        }
        ScalarBlock block = new ScalarBlock(group.device, group.dtype, scalars(1).length);
        blocks.add(block);
        return block;
    }

    /** Discards all gradients. Only needed to drop some that no step has used. */
    public final void zeroGrad() {
        parameters.forEach(Param::zeroGrad);
    }

    /** Forgets all state, as if no step had been taken: the learning rate stays. */
    public final void reset() {
        states.forEach(Optimizer::reset);
    }

    private static void reset(State state) {
        state.updates = 0;
        for (Param buffer : state.buffers) {
            buffer.device().backend().fill(0, buffer.view());
            buffer.changed();
        }
    }

    /**
     * The state, for a checkpoint: for parameter i, {@code state.i.NAME} for every tensor, and {@code state.i.step}, an
     * int32 scalar. The learning rate is not part of it.
     *
     * @return the tensors themselves, not copies, for parameters that were updated before
     */
    public final Map<String, Tensor> stateDict() {
        Map<String, Tensor> dict = new LinkedHashMap<>();
        for (int i = 0; i < parameters.size(); i++) {
            State state = states.get(i);
            if (state.updates == 0) {
                continue;
            }
            for (Param buffer : state.buffers) {
                dict.put(key(i, buffer.name()), buffer);
            }
            dict.put(key(i, "step"),
                    Tensor.full(parameters.get(i).device(), DType.INT32, Shape.SCALAR, state.updates));
        }
        return dict;
    }

    private static String key(int index, String name) {
        return "state." + index + "." + name;
    }

    /**
     * Takes over the state of a checkpoint, by copying it.
     *
     * @param dict what {@link #stateDict} of an optimiser of this kind returned, for parameters of the same shapes
     * @throws IllegalArgumentException if something is missing, unexpected or of another shape; nothing is changed then
     */
    public final void loadStateDict(Map<String, Tensor> dict) {
        StateCheck.check(dict, parameters, stateNames(), Optimizer::key);
        try (var _ = Autograd.noGrad(); var _ = MemoryScope.open("of an optimizer's state")) {
            for (int i = 0; i < parameters.size(); i++) {
                load(i, dict);
            }
        }
    }

    private void load(int index, Map<String, Tensor> dict) {
        State state = states.get(index);
        Tensor step = dict.get(key(index, "step"));
        if (step == null) {
            reset(state);
            return;
        }
        prepare(index);
        for (Param buffer : state.buffers) {
            buffer.set(dict.get(key(index, buffer.name())));
        }
        state.updates = (int) step.item();
    }

    static double notNegative(String name, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(
                    "optimizer: got " + name + " " + value + ", expected a finite number of at least 0");
        }
        return value;
    }

    static double belowOne(String name, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(
                    "optimizer: got " + name + " " + value + ", expected a number in 0..1, below 1");
        }
        return value;
    }
}
