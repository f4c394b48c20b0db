package dev.jacobian.autograd;

import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

/**
 * One call of a function whose input alone is kept (Chen et al., 2016). Its operations are recorded as everywhere, but
 * the tape does not hold what they saved. When a walk reaches one of them, the function runs again, and what each
 * operation saves in its turn goes to its counterpart on the tape: so the walk goes over the very nodes that it would
 * have gone over without, in the same order.
 */
final class Recomputation {
    private final UnaryOperator<Tensor> function;
    /** Keeps the input. Inside of another recomputation, that lets go of it as of all else. */
    private final OpContext input;
    private final boolean requiresGrad;
    private final String layer;
    private final Device device;
    private final boolean differentiating;
    private final Recomputation outer;
    /** Nodes of lower numbers were recorded before. */
    private final long start = Node.nextNumber();
    private final List<OpContext> contexts = new ArrayList<>();
    /** What the function read of memory that can change in place, and which version of it. */
    private final IdentityHashMap<Tensor, Integer> versions = new IdentityHashMap<>();
    private long[] draws = {};
    private int drawCount;
    /** How many contexts there are up to the last that saved anything: what comes behind it is not computed again. */
    private int needed;
    /** Which inputs that one saved; null if it saved something else too. */
    private int[] lastSaved;
    /** How many contexts a walk or the end of a scope may yet use up. */
    private int left;
    private boolean complete;
    private boolean restored;
    private boolean running;
    private int nextContext;
    private int nextDraw;

    private Recomputation(UnaryOperator<Tensor> function, Tensor x, Mode mode) {
        this.function = function;
        requiresGrad = x.requiresGrad();
        layer = mode.layer;
        device = Device.current();
        differentiating = mode.differentiating;
        outer = mode.recomputation;
        input = new OpContext(new Input(), null, new Tensor[] {x}, true);
    }

    /** What the input's context is called. */
    private record Input() implements Op {
        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            return inputs[0];
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            return List.of(dy);
        }

        @Override
        public String name() {
            return "checkpoint";
        }
    }

    /** Ends a function's second run when all that the tape needs is there. */
    private static final class Finished extends Error {
        private static final long serialVersionUID = 1;

        Finished() {
            super(null, null, false, false);
        }
    }

    static Tensor call(UnaryOperator<Tensor> function, Tensor x) {
        Mode mode = Mode.current();
        Recomputation call = new Recomputation(function, x, mode);
        call.input.save(x);
        if (call.outer == null) {
            call.input.seal(x);
        } else {
            call.outer.seal(call.input, x);
        }
        mode.recomputation = call;
        try {
            return function.apply(x);
        } finally {
            mode.recomputation = call.outer;
            call.complete();
        }
    }

    /** The first run is over, or has failed; the nodes of a failed one are never walked, and let go of by their scopes. */
    private void complete() {
        complete = true;
        if (left == 0) {
            input.release();
        }
    }

    /** The function inside which this one was called; null for none. */
    Recomputation outer() {
        return outer;
    }

    long start() {
        return start;
    }

    boolean isRestored() {
        return restored;
    }

    /** Whether this or a function around it runs for the second time. */
    boolean isAgain() {
        return running || (outer != null && outer.isAgain());
    }

    // ---- what a function does as it runs

    /** An operation is about to read tensors. Of parameters and what else lives in the root, the version is noted. */
    void read(Tensor[] inputs) {
        if (running) {
            return;
        }
        for (Tensor tensor : inputs) {
            if (tensor.storage().scope() == MemoryScope.root()) {
                versions.putIfAbsent(tensor, tensor.storage().version());
            }
        }
        if (outer != null) {
            outer.read(inputs);
        }
    }

    /** An operation is about to run. If it is the last needed and saved no more than inputs, these are all there is to it. */
    void begin(OpContext context, Tensor[] inputs) {
        if (!running || lastSaved == null || nextContext != needed - 1
                || !context.op().equals(contexts.get(nextContext).op())) {
            return;
        }
        for (int index : lastSaved) {
            context.save(inputs[index]);
        }
        handOver(context);
    }

    /** An operation has run. */
    void seal(OpContext context, Tensor result) {
        if (running) {
            handOver(context);
            return;
        }
        contexts.add(context);
        left++;
        if (context.hasSaved()) {
            needed = contexts.size();
            lastSaved = context.savedInputs();
        }
        context.deferTo(this, result);
    }

    private void handOver(OpContext context) {
        if (nextContext == needed) {
            throw new Finished(); // once more: the function has caught the first
        }
        OpContext original = contexts.get(nextContext);
        if (!original.isRepeatedBy(context)) {
            throw otherwise("did " + context.op().name() + " where it had done " + original.op().name());
        }
        original.take(context);
        nextContext++;
        if (nextContext == needed) {
            throw new Finished();
        }
    }

    private IllegalStateException otherwise(String what) {
        return new IllegalStateException("checkpoint: when it was computed again for the backward pass, the function"
                + (layer.isEmpty() ? "" : " in layer " + layer) + " " + what + "; what it does may depend on its input,"
                + " on parameters and on Rng alone, and parameters may not be frozen or unfrozen in between");
    }

    /** A number from outside: noted in the first run, and the same in the second. */
    long draw(LongSupplier fresh) {
        if (running) {
            if (nextDraw == drawCount) {
                throw otherwise("drew more random numbers than before");
            }
            return draws[nextDraw++];
        }
        long value = outer == null ? fresh.getAsLong() : outer.draw(fresh);
        if (drawCount == draws.length) {
            draws = Arrays.copyOf(draws, Math.max(4, 2 * drawCount));
        }
        draws[drawCount++] = value;
        return value;
    }

    // ---- the second run

    /** Makes what the operations saved again. */
    void restore() {
        if (!complete) {
            throw new IllegalStateException("checkpoint: backward was called inside of the function, before its end;"
                    + " differentiate outside of it, or inside try (var _ = Autograd.higherOrder()) { … }");
        }
        if (needed == 0) {
            restored = true;
            return;
        }
        Tensor kept = input.saved(0);
        versions.forEach((tensor, version) -> {
            if (tensor.storage().version() != version) {
                throw new IllegalStateException("checkpoint: a tensor of shape " + tensor.shape()
                        + " that the recomputation of backward needs was changed in place since the forward pass; call"
                        + " backward before optimizer.step() or Param.set");
            }
        });
        nextContext = 0;
        nextDraw = 0;
        running = true;
        try (var _ = modes(); var _ = device.use(); var _ = MemoryScope.open("of a recomputation")) {
            Tensor x = kept.detach();
            var _ = function.apply(requiresGrad ? x.requireGrad() : x);
        } catch (RuntimeException | Error end) { // mostly Finished, or what the function has made of it
            if (nextContext < needed) {
                throw end;
            }
        } finally {
            running = false;
            restored = nextContext == needed;
            if (!restored) {
                drop();
            }
        }
        if (!restored) {
            throw otherwise("ended before " + contexts.get(nextContext).op().name());
        }
    }

    /** The modes of the first run, until closed. Its results were checked for NaN then, if they were to be. */
    private Autograd.ModeScope modes() {
        Mode mode = Mode.current();
        boolean recording = mode.recording;
        boolean higherOrder = mode.higherOrder;
        boolean differentiatingBefore = mode.differentiating;
        boolean anomaly = mode.anomaly;
        String layerBefore = mode.layer;
        Recomputation recomputation = mode.recomputation;
        mode.recording = true;
        mode.higherOrder = false;
        mode.differentiating = differentiating;
        mode.anomaly = false;
        mode.layer = layer;
        mode.recomputation = this;
        return () -> {
            mode.recording = recording;
            mode.higherOrder = higherOrder;
            mode.differentiating = differentiatingBefore;
            mode.anomaly = anomaly;
            mode.layer = layerBefore;
            mode.recomputation = recomputation;
        };
    }

    /** A walk has left the function: what it did not use up can be made again for the next one. */
    void drop() {
        restored = false;
        contexts.forEach(OpContext::letGo);
    }

    /** A context needs nothing any more. */
    void usedUp() {
        left--;
        if (left == 0 && complete) {
            input.release();
        }
    }

    /** The collector takes care of the nodes, and so of the input. */
    void watch() {
        input.watch();
    }
}
