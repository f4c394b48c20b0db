package dev.jacobian.nn;

import dev.jacobian.tensor.Tensor;

/** Joins a range of axes into one: by default all but the first, [N, d1, d2, …] to [N, d1 · d2 · …]. */
public final class Flatten extends Layer {
    private final int startAxis;
    private final int endAxis;

    /** All axes but the first. */
    public Flatten() {
        this(1, -1);
    }

    /**
     * A range of axes.
     *
     * @param startAxis the first axis joined
     * @param endAxis the last axis joined, included; negative ones count from the end
     */
    public Flatten(int startAxis, int endAxis) {
        this.startAxis = startAxis;
        this.endAxis = endAxis;
    }

    @Override
    protected Tensor forward(Tensor x) {
        return x.flatten(startAxis, endAxis);
    }

    @Override
    protected String describe() {
        return "start_dim=" + startAxis + ", end_dim=" + endAxis;
    }
}
