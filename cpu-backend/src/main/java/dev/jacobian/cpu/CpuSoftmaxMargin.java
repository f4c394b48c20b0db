package dev.jacobian.cpu;

import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;

/**
 * Hinge loss of softmax probabilities: softmax and hinges of some rows at a time, which stay in cache between the two.
 * Logits that do not lie densely are copied to where the probabilities go first.
 */
final class CpuSoftmaxMargin {
    /** Whatever label is ignored by the check of labels: one that is in range anyway. */
    private static final int NONE_IGNORED = 0;

    private final Parallel team;
    private final SoftmaxRows softmax;
    private final MarginRows rows;
    private final CpuCopy copy;

    CpuSoftmaxMargin(Parallel team, SoftmaxRows softmax, MarginRows rows, CpuCopy copy) {
        this.team = team;
        this.softmax = softmax;
        this.rows = rows;
        this.copy = copy;
    }

    void forward(View logits, View target, double margin, View probability, View loss) {
        int n = logits.dim(1);
        Labels.check("softmaxMargin", target, NONE_IGNORED, n);
        View x = logits;
        if (!logits.isContiguous()) {
            copy.copy(logits, probability);
            x = probability;
        }
        MemorySegment from = Floats.memory(x);
        long fromAt = x.offset();
        MemorySegment p = Floats.memory(probability);
        MemorySegment labels = Floats.memory(target);
        MemorySegment losses = Floats.memory(loss);
        Ranges.run(team, logits.dim(0), n, (first, last) -> {
            long at = probability.offset() + first * n;
            softmax.rows(false, from, fromAt + first * n, p, at, last - first, n);
            rows.losses(p, at, labels, target.offset() + first * target.stride(0), target.stride(0), (float) margin,
                    losses, loss.offset() + first * loss.stride(0), loss.stride(0), (int) (last - first), n);
        });
    }

    void backward(View probability, View target, double margin, View dloss, View dlogits) {
        int n = probability.dim(1);
        Labels.check("softmaxMargin", target, NONE_IGNORED, n);
        MemorySegment p = Floats.memory(probability);
        MemorySegment labels = Floats.memory(target);
        MemorySegment from = Floats.memory(dloss);
        MemorySegment to = Floats.memory(dlogits);
        Ranges.run(team, probability.dim(0), n, (first, last) -> rows.gradients(p, probability.offset() + first * n,
                labels, target.offset() + first * target.stride(0), target.stride(0), (float) margin, from,
                dloss.offset() + first * dloss.stride(0), dloss.stride(0), to, dlogits.offset() + first * n,
                (int) (last - first), n));
    }
}
