package dev.jacobian.train;

import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;

/**
 * The part of examples whose largest logit is that of the right class, in 0..1. Predictions are [n, classes] or
 * [n, classes, d₁, …]; targets either int32 class indices of that shape without the axis of classes, or probabilities
 * of that shape, of which the largest counts.
 */
public final class Accuracy implements Metric {
    private Param correct;
    private long count;

    /** An accuracy of no examples yet. */
    public Accuracy() {}

    @Override
    public String name() {
        return "accuracy";
    }

    @Override
    public void update(Tensor prediction, Tensor target) {
        Tensor labels = target.dtype().isFloating() && target.shape().equals(prediction.shape()) && target.rank() > 1
                ? target.argmax(1)
                : target;
        checkShapes(prediction, labels);
        if (labels.size() == 0) {
            return;
        }
        Tensor right = prediction.argmax(1).eq(labels).sum();
        if (correct == null) {
            correct = Param.buffer("correct", right);
        } else {
            correct.set(correct.add(right.to(correct.device())));
        }
        count += labels.size();
    }

    private static void checkShapes(Tensor prediction, Tensor labels) {
        boolean fits = prediction.rank() > 1 && labels.dtype() == DType.INT32
                && labels.rank() == prediction.rank() - 1 && labels.dim(0) == prediction.dim(0);
        for (int axis = 2; fits && axis < prediction.rank(); axis++) {
            fits = labels.dim(axis - 1) == prediction.dim(axis);
        }
        if (!fits) {
            throw new IllegalArgumentException("accuracy: got prediction of shape " + prediction.shape() + " and "
                    + labels.dtype() + " target of shape " + labels.shape()
                    + ", expected [n, classes, …] and int32 [n, …],"
                    + " or probabilities of the prediction's shape");
        }
    }

    @Override
    public double value() {
        return correct == null ? Double.NaN : correct.item() / count;
    }

    @Override
    public void reset() {
        if (correct != null) {
            correct.storage().release();
            correct = null;
        }
        count = 0;
    }
}
