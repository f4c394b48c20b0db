package dev.jacobian.nn;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.nn.init.Initializer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;

/**
 * A table of trained vectors, looked up by index: int32 of any shape to float32 of that shape and one more axis, the
 * vector. Weight [count, width] is drawn from N(0, 1), as PyTorch does.
 */
public final class Embedding extends Layer {
    private final int count;
    private final int width;
    private final Param weight;
    private int paddingIndex = -1;

    /**
     * A table.
     *
     * @param count how many vectors, at least 1; indices are 0..count−1
     * @param width the length of each, at least 1
     */
    public Embedding(int count, int width) {
        if (count < 1 || width < 1) {
            throw new IllegalArgumentException(
                    "embedding: count " + count + ", width " + width + ", expected at least 1 each");
        }
        this.count = count;
        this.width = width;
        weight = parameter("weight", Initializer.normal(0, 1), count, width);
    }

    /**
     * Makes one vector zero and keeps it so: it takes no gradient.
     *
     * @param index which, in {@code -count..count-1}; negative ones count from the end
     * @return this
     */
    public Embedding paddingIndex(int index) {
        if (index < -count || index >= count) {
            throw new IllegalArgumentException("embedding: padding index " + index + ", expected " + -count + ".."
                    + (count - 1));
        }
        paddingIndex = index < 0 ? index + count : index;
        try (var _ = Autograd.noGrad()) {
            Tensor isPadding = Tensor.arange(count).to(weight.device()).eq(paddingIndex).unsqueeze(1);
            weight.set(weight.maskedFill(isPadding, 0));
        }
        return this;
    }

    /**
     * Looks vectors up.
     *
     * @param index int32, of any shape
     * @return of the index's shape and one more axis
     * @throws dev.jacobian.backend.IndexRangeException if an index is out of range, at the latest when values are read
     */
    @Override
    protected Tensor forward(Tensor index) {
        return index.embedding(weight, paddingIndex);
    }

    /**
     * The table.
     *
     * @return of shape [count, width]
     */
    public Param weight() {
        return weight;
    }

    @Override
    protected String describe() {
        return count + ", " + width + (paddingIndex < 0 ? "" : ", padding_idx=" + paddingIndex);
    }
}
