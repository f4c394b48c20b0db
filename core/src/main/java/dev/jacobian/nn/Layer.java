package dev.jacobian.nn;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Activation;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.init.Initializer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/**
 * The base of all layers and networks: named parameters, buffers and child layers, and a computation. One overrides
 * {@link #forward} and registers what the layer is made of; one calls {@link #call}:
 *
 * <pre>{@code
 * class Spiral extends Layer {
 *     final Linear hidden = register("hidden", new Linear(2, 64));
 *     final Linear out = register("out", new Linear(64, 3));
 *
 *     @Override protected Tensor forward(Tensor x) {
 *         return out.call(hidden.call(x).tanh());
 *     }
 * }
 * }</pre>
 *
 * <p>A layer may be registered in several places; these share its parameters. Calls of a network in evaluation mode
 * under {@link Autograd#noGrad} are safe from many threads at a time; training and all changes of the network belong to
 * one.
 */
public abstract class Layer {
    private final Map<String, Param> parameters = new LinkedHashMap<>();
    private final Map<String, Param> buffers = new LinkedHashMap<>();
    private final Map<String, Layer> children = new LinkedHashMap<>();
    private final List<ForwardPreHook> preHooks = new CopyOnWriteArrayList<>();
    private final List<ForwardHook> hooks = new CopyOnWriteArrayList<>();
    private String name = "";
    private boolean training = true;
    /** The place of the last call; a layer is mostly called where it was called before. */
    private Place place;

    /**
     * Where a layer was called.
     *
     * @param caller the path of the layer that called it
     * @param path its own path
     * @param text path and type, for messages
     * @param frame what its memory scope is called
     */
    private record Place(String caller, String path, String text, String frame) {}

    /** For layers to extend. */
    protected Layer() {}

    // ---- computing

    /**
     * The computation, to be overridden; to be run by {@link #call} alone.
     *
     * @param x the input
     * @return the result
     */
    protected Tensor forward(Tensor x) {
        throw new IllegalStateException(typeName()
                + ": has no forward(Tensor); override it, or call the layer with the arguments that it declares");
    }

    /**
     * Computes the layer's result. What the layer made on the way is let go of, but for what the tape saved.
     *
     * @param x the input
     * @return the result
     * @throws LayerArgumentException if an argument does not fit; the message ends with the path and type of the
     *         innermost layer. Exceptions of more special types, such as IndexRangeException, keep their type and have
     *         it {@linkplain Throwable#getSuppressed beside} them
     */
    public final Tensor call(Tensor x) {
        return run(() -> {
            Tensor input = x;
            for (ForwardPreHook hook : preHooks) {
                input = hook.before(this, input);
            }
            Tensor output = forward(input);
            for (ForwardHook hook : hooks) {
                output = hook.after(this, input, output);
            }
            return output;
        });
    }

    /**
     * Whether this layer can compute the activation that follows it together with its own result; see {@link Sequential}.
     */
    boolean fuses(Activation activation, Tensor x) {
        return false;
    }

    /** This layer's computation and then the activation, where {@link #fuses} says so. */
    Tensor forward(Tensor x, Activation activation) {
        throw new IllegalStateException(typeName() + ": computes no " + activation + " for input " + x.shape());
    }

    /** Whether somebody is to see what {@link #call} is given or what it returns. */
    final boolean hasHooks() {
        return !preHooks.isEmpty() || !hooks.isEmpty();
    }

    /**
     * What {@link #call} is made of, for layers that declare a {@code call} of their own with other inputs: enters the
     * layer's name, opens its memory scope, and keeps the result. Runs no hooks.
     *
     * @param body the computation
     * @return its result
     */
    protected final Tensor run(Supplier<Tensor> body) {
        Place here = place();
        try (var _ = Autograd.enterPath(here.path); var _ = MemoryScope.openFrame(here.frame)) {
            Tensor result = body.get();
            if (result == null) {
                throw new IllegalStateException("forward: returned null in " + here.text + ", expected a tensor");
            }
            return MemoryScope.keepResult(result);
        } catch (IllegalArgumentException e) {
            throw placed(e, here.text);
        }
    }

    /** Names the innermost layer once. What is caught by its type keeps it, and has the layer beside it. */
    private static IllegalArgumentException placed(IllegalArgumentException e, String place) {
        if (e.getClass() == IllegalArgumentException.class) {
            return new LayerArgumentException(e.getMessage() + " (in " + place + ")", e);
        }
        if (!(e instanceof LayerArgumentException)
                && Arrays.stream(e.getSuppressed()).noneMatch(LayerArgumentException.class::isInstance)) {
            e.addSuppressed(new LayerArgumentException("in " + place, null));
        }
        return e;
    }

    /** Where this layer is being called. */
    private Place place() {
        String caller = Autograd.layer();
        Place known = place;
        if (known == null || !known.caller.equals(caller)) {
            String path = name.isEmpty() || caller.isEmpty() ? caller + name : caller + "." + name;
            String text = path.isEmpty() ? typeName() : "layer " + path + ", " + typeName();
            known = new Place(caller, path, text, "of " + text);
            place = known;
        }
        return known;
    }

    /**
     * What kind of layer it is.
     *
     * @return the class's simple name; that of the class above for anonymous ones, which have none
     */
    public final String typeName() {
        Class<?> type = getClass();
        while (type.isAnonymousClass()) {
            type = type.getSuperclass();
        }
        return type.getSimpleName();
    }

    /**
     * Adds a hook that runs before every {@link #call}, after those added earlier.
     *
     * @param hook the hook
     * @return closes to remove it
     */
    public final HookHandle addForwardPreHook(ForwardPreHook hook) {
        preHooks.add(Objects.requireNonNull(hook, "hook"));
        return () -> preHooks.remove(hook);
    }

    /**
     * Adds a hook that runs after every {@link #call}, after those added earlier.
     *
     * @param hook the hook
     * @return closes to remove it
     */
    public final HookHandle addForwardHook(ForwardHook hook) {
        hooks.add(Objects.requireNonNull(hook, "hook"));
        return () -> hooks.remove(hook);
    }

    // ---- what a layer is made of

    /**
     * Makes a layer part of this one.
     *
     * @param childName its name, unique in this layer and without dots
     * @param child the layer
     * @param <L> its type
     * @return the same
     */
    protected final <L extends Layer> L register(String childName, L child) {
        checkName(childName);
        addChild(childName, child);
        Layer registered = child; // the name of the first place serves for paths wherever a layer is shared
        if (registered.name.isEmpty()) {
            registered.name = childName;
            registered.place = null;
        }
        return child;
    }

    /** Makes a layer all that this one is made of: in paths and states, it stands in this one's place. */
    final void wrap(Layer child) {
        addChild("", child);
    }

    private void addChild(String childName, Layer child) {
        Objects.requireNonNull(child, "layer");
        if (LayerTree.of(child).contains(this)) {
            throw new IllegalArgumentException(
                    "register: layer " + childName + (childName.isEmpty() ? "" : ", ") + "a " + child.typeName()
                            + ", contains the layer that it is registered in; layers form a tree");
        }
        children.put(childName, child);
    }

    /**
     * Makes a trained parameter.
     *
     * @param parameterName its name, unique in this layer and without dots
     * @param initial its values, which are copied; of a floating-point type
     * @return the parameter
     */
    protected final Param parameter(String parameterName, Tensor initial) {
        checkName(parameterName);
        Param param = Param.of(parameterName, initial);
        parameters.put(parameterName, param);
        return param;
    }

    /**
     * Makes a trained parameter of float32 on the current device.
     *
     * @param parameterName its name, unique in this layer and without dots
     * @param initializer what draws its values
     * @param shape the lengths of its axes
     * @return the parameter
     */
    protected final Param parameter(String parameterName, Initializer initializer, int... shape) {
        try (var _ = MemoryScope.open("of an initialisation")) {
            return parameter(parameterName, initializer.initialize(shape));
        }
    }

    /**
     * Makes state that is saved with the layer and not trained.
     *
     * @param bufferName its name, unique in this layer and without dots
     * @param initial its values, which are copied; of any type
     * @return the buffer
     */
    protected final Param buffer(String bufferName, Tensor initial) {
        checkName(bufferName);
        Param param = Param.buffer(bufferName, initial);
        buffers.put(bufferName, param);
        return param;
    }

    private void checkName(String added) {
        if (added.isEmpty() || added.indexOf('.') >= 0) {
            throw new IllegalArgumentException("register: name '" + added
                    + "', expected a name that is not empty and has no dots; dots separate the names in a path");
        }
        if (children.containsKey(added) || parameters.containsKey(added) || buffers.containsKey(added)) {
            throw new IllegalArgumentException("register: " + typeName() + " has a layer, parameter or"
                    + " buffer named " + added + " already; choose another name");
        }
    }

    /**
     * The layers registered in this one.
     *
     * @return by name, in order of registration; not to be changed. The one inside a {@link Checkpoint} has the empty name
     */
    public final Map<String, Layer> children() {
        return Collections.unmodifiableMap(children);
    }

    /** This layer's own parameters, without its children's. */
    final Map<String, Param> ownParameters() {
        return parameters;
    }

    /** This layer's own buffers, without its children's. */
    final Map<String, Param> ownBuffers() {
        return buffers;
    }

    /**
     * All parameters of this layer and its children, trained or frozen, each once.
     *
     * @return depth first, in order of registration
     */
    public final List<Param> parameters() {
        return List.copyOf(namedParameters().values());
    }

    /**
     * All parameters of this layer and its children, trained or frozen, each once.
     *
     * @return by dotted path, such as {@code encoder.0.weight}; depth first, in order of registration
     */
    public final Map<String, Param> namedParameters() {
        return LayerTree.parameters(this);
    }

    /**
     * The number of trained and frozen numbers.
     *
     * @return elements of all parameters together
     */
    public final long parameterCount() {
        return parameters().stream().mapToLong(Param::size).sum();
    }

    // ---- modes and places

    /**
     * Switches this layer and its children to training: batch norm uses the batch's statistics, dropout drops.
     *
     * @return this
     */
    public final Layer train() {
        return setTraining(true);
    }

    /**
     * Switches this layer and its children to evaluation: batch norm uses the running statistics, dropout does nothing.
     *
     * @return this
     */
    public final Layer eval() {
        return setTraining(false);
    }

    private Layer setTraining(boolean on) {
        LayerTree.of(this).forEach(layer -> layer.setOwnTraining(on));
        return this;
    }

    /** The mode of this layer, and not of those inside it. */
    final void setOwnTraining(boolean on) {
        training = on;
    }

    /**
     * Whether this layer is in training mode, as it is at first.
     *
     * @return false after {@link #eval}
     */
    public final boolean isTraining() {
        return training;
    }

    /**
     * Stops training all parameters of this layer and its children.
     *
     * @return this
     */
    public final Layer freeze() {
        parameters().forEach(Param::freeze);
        return this;
    }

    /**
     * Trains all parameters of this layer and its children again.
     *
     * @return this
     */
    public final Layer unfreeze() {
        parameters().forEach(Param::unfreeze);
        return this;
    }

    /**
     * Moves all parameters and buffers to a device, in place. Gradients are discarded; make optimisers afterwards.
     *
     * @param device where to
     * @return this
     */
    public final Layer to(Device device) {
        state().forEach(param -> param.moveTo(device));
        return this;
    }

    /**
     * Converts all parameters and buffers of floating-point types, in place. Gradients are discarded; make optimisers
     * afterwards.
     *
     * @param dtype float32 or float64
     * @return this
     */
    public final Layer to(DType dtype) {
        if (!dtype.isFloating()) {
            throw new IllegalArgumentException("to: type " + dtype + ", expected float32 or float64");
        }
        for (Param param : state()) {
            if (param.dtype().isFloating()) {
                param.convertTo(dtype);
            }
        }
        return this;
    }

    private Set<Param> state() {
        Set<Param> state = Collections.newSetFromMap(new IdentityHashMap<>());
        state.addAll(stateDict().values());
        return state;
    }

    // ---- state

    /**
     * The parameters and buffers that make up the layer's state, with PyTorch's names and order; what is shared stands
     * under every name.
     *
     * @return the parameters themselves, by dotted path such as {@code 0.weight}
     */
    public final Map<String, Param> stateDict() {
        return LayerTree.state(this);
    }

    /**
     * Sets parameters and buffers to given values, converted to their device and type.
     *
     * @param state by the names of {@link #stateDict}
     * @param strict whether every name and shape must fit; else what fits is loaded
     * @return what was loaded and what did not fit
     * @throws IllegalArgumentException if strict and something does not fit; the message lists all of it, and nothing
     *         was changed
     */
    public final LoadReport loadStateDict(Map<String, ? extends Tensor> state, boolean strict) {
        return StateDict.load(this, state, strict, "load state dict");
    }

    /**
     * Sets all parameters and buffers from a safetensors file, written by {@link #save} or by PyTorch.
     *
     * @param file the file
     * @return what was loaded
     * @throws IllegalArgumentException if a name or shape does not fit; nothing was changed
     * @throws dev.jacobian.io.FileFormatException if the file is damaged
     */
    public final LoadReport load(Path file) {
        return load(file, true);
    }

    /**
     * Sets parameters and buffers from a safetensors file.
     *
     * @param file the file
     * @param strict whether every name and shape must fit; else what fits is loaded
     * @return what was loaded and what did not fit
     * @throws IllegalArgumentException if strict and something does not fit; nothing was changed
     * @throws dev.jacobian.io.FileFormatException if the file is damaged
     */
    public final LoadReport load(Path file, boolean strict) {
        return StateDict.load(this, file, strict);
    }

    /**
     * Writes all parameters and buffers to a safetensors file that PyTorch can read. The file is replaced at once: if
     * something goes wrong, the old one stays.
     *
     * @param file the file
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    public final void save(Path file) {
        StateDict.save(this, file);
    }

    // ---- text

    /**
     * What the layer's type alone does not say, for {@link #toString}.
     *
     * @return for example {@code in_features=2, out_features=64, bias=true}; empty for nothing
     */
    protected String describe() {
        return "";
    }

    /**
     * The tree of layers, laid out as PyTorch prints it.
     *
     * @return one line for a layer without children
     */
    @Override
    public String toString() {
        return LayerTree.format(this);
    }
}
