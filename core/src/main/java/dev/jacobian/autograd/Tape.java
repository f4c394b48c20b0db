package dev.jacobian.autograd;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * One walk back over the tape: topological order, accumulation and un-broadcasting, for the rules of all operations.
 * Nodes are numbered as they are recorded, so the open node of the highest number has received all its gradients.
 */
final class Tape {
    private final boolean createGraph;
    private final boolean retainGraph;
    private final IdentityHashMap<Tensor, Tensor> targets;
    /** The nodes on the way to the targets; null for all. */
    private final Set<Node> wanted;
    /** The nodes that a gradient has reached, which they carry. */
    private final PriorityQueue<Node> open = new PriorityQueue<>((a, b) -> Long.compare(b.number(), a.number()));
    private final boolean anomaly = Mode.current().anomaly;
    /** What was computed again and is not left yet, the innermost first. */
    private final ArrayDeque<Recomputation> restored = new ArrayDeque<>(0);

    private Tape(boolean createGraph, boolean retainGraph, IdentityHashMap<Tensor, Tensor> targets, Set<Node> wanted) {
        this.wanted = wanted;
        this.createGraph = createGraph;
        this.retainGraph = retainGraph;
        this.targets = targets;
    }

    /** Adds the gradients of all leaves to theirs. */
    static void accumulate(Tensor y, Tensor dy) {
        new Tape(false, false, null, null).walk(y, dy);
    }

    /** The gradients of the given tensors, and of no others. */
    static List<Tensor> gradients(Tensor y, Tensor dy, boolean createGraph, boolean retainGraph, Tensor... inputs) {
        IdentityHashMap<Tensor, Tensor> targets = new IdentityHashMap<>();
        for (Tensor input : inputs) {
            targets.put(input, null);
        }
        new Tape(createGraph, retainGraph, targets, between(y, targets.keySet())).walk(y, dy);
        return Arrays.stream(inputs).map(input -> {
            Tensor gradient = targets.get(input);
            return gradient != null ? gradient : input.zerosLike();
        }).toList();
    }

    /** A tensor that requires gradients and that a result depends on, other than its input; null if there is none. */
    static Tensor otherLeaf(Tensor y, Tensor input) {
        return all(y).stream().flatMap(node -> node.inputs().stream())
                .filter(leaf -> leaf != input && leaf.history() == null && leaf.requiresGrad()).findAny().orElse(null);
    }

    /**
     * The nodes that lead from a result to some tensors. Others are neither walked nor used up: they belong to tensors that
     * the result refers to, and that have a backward pass of their own.
     */
    private static Set<Node> between(Tensor y, Set<Tensor> targets) {
        Set<Node> wanted = Collections.newSetFromMap(new IdentityHashMap<>());
        all(y).stream().sorted(Comparator.comparingLong(Node::number)).forEach(node -> {
            for (Tensor input : node.inputs()) {
                if (targets.contains(input) || wanted.contains(input.history())) {
                    wanted.add(node);
                }
            }
        });
        return wanted;
    }

    /** All nodes behind a result. */
    private static Set<Node> all(Tensor y) {
        Set<Node> all = Collections.newSetFromMap(new IdentityHashMap<>());
        var open = new ArrayDeque<Node>();
        Node last = y.history();
        while (last != null) {
            if (all.add(last)) {
                last.inputs().stream().map(Tensor::history).filter(Objects::nonNull).forEach(open::push);
            }
            last = open.poll();
        }
        return all;
    }

    private void walk(Tensor y, Tensor dy) {
        try (var _ = Autograd.recording(createGraph)) {
            if (createGraph) {
                deliver(y, dy);
            } else {
                try (var _ = MemoryScope.open("of the backward pass")) {
                    deliver(y, dy);
                }
            }
            while (!open.isEmpty()) {
                step(open.poll());
            }
        } finally {
            open.forEach(left -> drop(left.takeGradient())); // after a failure
            leave(0);
        }
    }

    /** Lets go of what was made again for nodes from a number on. */
    private void leave(long number) {
        while (!restored.isEmpty() && restored.peek().start() >= number) {
            restored.pop().drop();
        }
    }

    private void restore(Recomputation recomputation) {
        if (recomputation == null || recomputation.isRestored()) {
            return;
        }
        if (createGraph) {
            throw new IllegalStateException("checkpoint: no second derivative of what is computed again in the backward"
                    + " pass; run the forward pass inside try (var _ = Autograd.higherOrder()) { … }");
        }
        restore(recomputation.outer());
        recomputation.restore();
        restored.push(recomputation);
    }

    private void step(Node node) {
        Tensor dy = node.takeGradient();
        if (createGraph) {
            distribute(node, dy);
        } else {
            try (var _ = MemoryScope.open("of the backward pass")) {
                distribute(node, dy);
            } finally {
                drop(dy);
            }
        }
        if (!retainGraph) {
            node.useUp();
        }
    }

    private void distribute(Node node, Tensor dy) {
        leave(node.number() + 1);
        restore(node.recomputation());
        List<Tensor> gradients = backward(node, dy);
        int inputs = node.inputCount();
        if (gradients.size() != inputs) {
            throw new IllegalStateException(node.op().name() + ": backward returned " + gradients.size()
                    + " gradients for " + inputs + " inputs; return null where there is none");
        }
        for (int i = 0; i < inputs; i++) {
            Tensor input = node.input(i);
            Tensor gradient = gradients.get(i);
            if (gradient == null || !input.requiresGrad()) {
                continue;
            }
            if (anomaly) {
                Autograd.checkNumbers(gradient, node.op(), node.layer(), "gradient");
            }
            deliver(input, fit(node.op(), gradient, input));
        }
    }

    /** A rule's own operations are not checked one by one: its gradients are, by the names of its node. */
    private List<Tensor> backward(Node node, Tensor dy) {
        Mode mode = Mode.current();
        mode.anomaly = false;
        try {
            return node.backward(dy, !retainGraph, targets == null);
        } finally {
            mode.anomaly = anomaly;
        }
    }

    /** Sums a gradient over the axes along which its input was broadcast, and gives it the input's type. */
    private static Tensor fit(Op op, Tensor gradient, Tensor input) {
        Shape want = input.shape();
        Tensor fitted = gradient;
        if (fitted.device() != input.device()) {
            throw new IllegalStateException(op.name() + ": backward returned a gradient on " + fitted.device()
                    + " for an input on " + input.device() + "; move it with to(device)");
        }
        if (!fitted.shape().equals(want)) {
            Shape have = fitted.shape();
            if (!Shape.broadcast(op.name(), have, want).equals(have)) {
                throw new IllegalStateException(
                        op.name() + ": backward returned a gradient of shape " + have + " for an input of shape "
                                + want);
            }
            fitted = fitted.sumTo(want);
        }
        return fitted.dtype() == input.dtype() ? fitted : fitted.to(input.dtype());
    }

    private void deliver(Tensor input, Tensor gradient) {
        Node node = input.history();
        if (targets == null && node == null) {
            input.accumulateGrad(gradient);
        }
        if (targets != null && targets.containsKey(input)) {
            collect(input, gradient);
        }
        if (node == null || (wanted != null && !wanted.contains(node))) {
            return;
        }
        if (!node.isReached(this)) {
            hold(gradient);
            node.setGradient(this, gradient, false);
            open.add(node);
            return;
        }
        Tensor before = node.gradient();
        if (createGraph) {
            node.setGradient(this, before.add(gradient), false);
        } else if (node.ownsGradient()) {
            add(before, gradient, before);
        } else {
            Tensor sum = Tensor.empty(input.device(), input.dtype(), input.shape());
            add(before, gradient, sum);
            hold(sum);
            node.setGradient(this, sum, true);
            drop(before);
        }
    }

    private void collect(Tensor input, Tensor gradient) {
        Tensor before = targets.get(input);
        if (createGraph) {
            targets.put(input, before == null ? gradient : before.add(gradient));
        } else if (before == null) {
            targets.put(input, MemoryScope.keep(gradient.copy())); // out of the step's scope, dense, and nobody else's
        } else {
            add(before, gradient, before);
        }
    }

    private static void add(Tensor a, Tensor b, Tensor sum) {
        a.device().backend().binary(BinaryOp.ADD, a.view(), b.view(), sum.view());
    }

    /** A recorded walk leaves its memory to the caller's scope; another lives from hand to mouth. */
    private void hold(Tensor gradient) {
        if (!createGraph) {
            gradient.storage().retain();
        }
    }

    private void drop(Tensor gradient) {
        if (!createGraph) {
            gradient.storage().release();
        }
    }
}
