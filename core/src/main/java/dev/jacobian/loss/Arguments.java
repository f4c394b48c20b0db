package dev.jacobian.loss;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;

/** What losses ask of their arguments, and how they arrange them. */
final class Arguments {
    private Arguments() {}

    static void floating(String operation, Tensor prediction) {
        if (!prediction.dtype().isFloating()) {
            throw new IllegalArgumentException(operation + ": prediction of type " + prediction.dtype()
                    + ", expected a floating-point type; convert with to(DType.FLOAT32)");
        }
    }

    /** Checks shapes and returns the target in the prediction's type. */
    static Tensor alike(String operation, Tensor prediction, Tensor target) {
        floating(operation, prediction);
        if (!prediction.shape().equals(target.shape())) {
            throw new IllegalArgumentException(operation + ": prediction of shape " + prediction.shape()
                    + " and target of shape " + target.shape() + ", expected equal shapes; reshape one of them");
        }
        return target.to(prediction.dtype());
    }

    /** Checks scores [C], [N, C] or [N, C, d…] against int32 labels of that shape without C. */
    static void labels(String operation, Tensor scores, Tensor labels) {
        floating(operation, scores);
        if (labels.dtype() != DType.INT32) {
            throw new IllegalArgumentException(operation + ": labels of type " + labels.dtype()
                    + ", expected int32; convert with to(DType.INT32)");
        }
        if (scores.rank() == 0) {
            throw new IllegalArgumentException(
                    operation + ": prediction of shape [], expected [C], [N, C] or [N, C, ...]");
        }
        Shape expected = scores.shape().without(classAxis(scores));
        if (!labels.shape().equals(expected)) {
            throw new IllegalArgumentException(
                    operation + ": labels of shape " + labels.shape() + ", expected " + expected
                            + " for predictions of shape " + scores.shape() + ", whose axis " + classAxis(scores)
                            + " are the classes");
        }
        if (scores.dim(classAxis(scores)) == 0 && labels.size() > 0) {
            throw new IllegalArgumentException(
                    operation + ": prediction of shape " + scores.shape() + ", expected at least one class");
        }
    }

    static int classAxis(Tensor scores) {
        return scores.rank() == 1 ? 0 : 1;
    }

    /** The scores of [C], [N, C] or [N, C, d…] as rows [examples, C]. */
    static Tensor rows(Tensor scores) {
        int axis = classAxis(scores);
        int last = scores.rank() - 1;
        Tensor moved = scores;
        if (axis != last) {
            int[] order = new int[scores.rank()];
            for (int i = 0; i < last; i++) {
                order[i] = i < axis ? i : i + 1;
            }
            order[last] = axis;
            moved = scores.permute(order);
        }
        int classes = scores.dim(axis);
        int examples = classes == 0 ? 0 : Math.toIntExact(scores.size() / classes);
        return moved.reshape(examples, classes);
    }
}
