package dev.jacobian.nn;

import dev.jacobian.nn.init.Initializer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;

/**
 * Adds a trained vector to each token by its position: y[…, t, :] = x[…, t, :] + weight[t], [B, T, embedDim] to the same
 * shape. Weight [maxLength, embedDim] is drawn from N(0, 0.02²), as that of GPT-2 (Radford et al., 2019).
 */
public final class PositionEmbedding extends Layer {
    private final int maxLength;
    private final int embedDim;
    private final Param weight;

    /**
     * A table of positions.
     *
     * @param maxLength how many positions there are, at least 1; the longest sequence
     * @param embedDim the length of the input's last axis, at least 1
     */
    public PositionEmbedding(int maxLength, int embedDim) {
        if (maxLength < 1 || embedDim < 1) {
            throw new IllegalArgumentException("position embedding: maxLength " + maxLength + ", embedDim " + embedDim
                    + ", expected at least 1 each");
        }
        this.maxLength = maxLength;
        this.embedDim = embedDim;
        weight = parameter("weight", Initializer.normal(0, 0.02), maxLength, embedDim);
    }

    @Override
    protected Tensor forward(Tensor x) {
        if (x.rank() < 2 || x.dim(-1) != embedDim || x.dim(-2) > maxLength) {
            throw new IllegalArgumentException("position embedding: shape " + x.shape() + ", expected [..., T, "
                    + embedDim + "] with T at most " + maxLength);
        }
        return x.add(x.dim(-2) == maxLength ? weight : weight.slice(0, 0, x.dim(-2)));
    }

    /**
     * The table.
     *
     * @return of shape [maxLength, embedDim]
     */
    public Param weight() {
        return weight;
    }

    @Override
    protected String describe() {
        return maxLength + ", " + embedDim;
    }
}
