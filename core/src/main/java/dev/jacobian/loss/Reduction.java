package dev.jacobian.loss;

import dev.jacobian.tensor.Tensor;

/** What becomes of the losses of single examples or elements. */
public enum Reduction {
    /** Their mean; NaN where there are none. */
    MEAN,
    /** Their sum. */
    SUM,
    /** They are returned as they are. */
    NONE;

    Tensor of(Tensor losses) {
        return switch (this) {
            case MEAN -> losses.sum().div((double) losses.size());
            case SUM -> losses.sum();
            case NONE -> losses;
        };
    }

    /** As {@link #of}, with the mean over the examples that count: those whose label is not the ignored one. */
    Tensor of(Tensor losses, Tensor labels, int ignoreIndex) {
        return switch (this) {
            case MEAN -> losses.sum().div(labels.ne(ignoreIndex).to(losses.dtype()).sum());
            case SUM -> losses.sum();
            case NONE -> losses;
        };
    }
}
