package dev.jacobian.autograd;

import dev.jacobian.memory.MemoryScope;
import dev.jacobian.memory.Scoped;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** One recorded call of an operation: an entry of the tape. */
public final class Node extends Scoped {
    private static final AtomicLong COUNTER = new AtomicLong();

    private final long number = COUNTER.getAndIncrement();
    private final Op op;
    private final OpContext context;
    private final Tensor[] inputs;
    private final boolean fused;
    private final String layer;
    /** The walk that the gradient below is of, while it is on its way. */
    private Tape walk;
    private Tensor gradient;
    private boolean own;

    Node(Op op, OpContext context, Tensor[] inputs, boolean fused, String layer) {
        this.op = op;
        this.context = context;
        this.inputs = inputs;
        this.fused = fused;
        this.layer = layer;
    }

    /**
     * The operation.
     *
     * @return its record
     */
    public Op op() {
        return op;
    }

    /**
     * What it was applied to.
     *
     * @return the inputs, in order
     */
    public List<Tensor> inputs() {
        return List.of(inputs);
    }

    /**
     * The layer that applied it.
     *
     * @return the layer's path, empty outside of layers
     */
    public String layer() {
        return layer;
    }

    /**
     * Whether a backend's fused kernel computed it, so that its backward pass is not recorded.
     *
     * @return true if so
     */
    public boolean isFused() {
        return fused;
    }

    /** The number of the next node that is recorded. */
    static long nextNumber() {
        return COUNTER.get();
    }

    /**
     * When it was recorded: later calls have higher numbers, so nodes in falling order are a topological order.
     *
     * @return its number, unique in this process
     */
    public long number() {
        return number;
    }

    /** How many inputs there are. */
    int inputCount() {
        return inputs.length;
    }

    /** One of the inputs. */
    Tensor input(int index) {
        return inputs[index];
    }

    /** Whether a walk has brought a gradient that was not {@linkplain #takeGradient taken} yet. */
    boolean isReached(Tape by) {
        if (walk != null && walk != by) {
            throw new IllegalStateException(op.name() + ": its tape is being walked already; let one backward pass end"
                    + " before the next begins");
        }
        return walk != null;
    }

    /** What {@link #setGradient} was given. */
    Tensor gradient() {
        return gradient;
    }

    /** Whether the gradient is a sum that nobody else sees. */
    boolean ownsGradient() {
        return own;
    }

    /** Brings the gradient of the result, or a sum of several in its place. */
    void setGradient(Tape by, Tensor sum, boolean owned) {
        walk = by;
        gradient = sum;
        own = owned;
    }

    /** Ends its part in a walk. */
    Tensor takeGradient() {
        Tensor taken = gradient;
        walk = null;
        gradient = null;
        return taken;
    }

    List<Tensor> backward(Tensor dy, boolean last, boolean intoLeaves) {
        if (fused && Autograd.isRecording()) {
            throw new IllegalStateException(op.name() + ": no second derivative of a tape that was recorded with fused"
                    + " kernels; run the forward pass inside try (var _ = Autograd.higherOrder()) { … }");
        }
        context.beginBackward(last, intoLeaves);
        return op.backward(context, dy);
    }

    /** What makes again what was saved; null where that is kept. */
    Recomputation recomputation() {
        return context.recomputation();
    }

    void useUp() {
        context.release();
    }

    /**
     * Moves this node, and all before it that one scope holds, to another scope.
     *
     * @param from the scope that closes
     * @param to the scope that takes over
     */
    public void moveGraph(MemoryScope from, MemoryScope to) {
        if (scope() != from) {
            return;
        }
        var open = new ArrayDeque<Node>();
        open.push(this);
        while (!open.isEmpty()) {
            Node node = open.pop();
            if (node.scope() != from) {
                continue;
            }
            node.moveTo(to);
            for (Tensor input : node.inputs) {
                if (input.history() != null) {
                    open.push(input.history());
                }
            }
        }
    }

    @Override
    protected void released() {
        context.release();
    }

    @Override
    protected void rooted() {
        context.watch();
    }

    @Override
    protected boolean outlivesFrame() {
        return true;
    }
}
