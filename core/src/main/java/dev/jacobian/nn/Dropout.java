package dev.jacobian.nn;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * In training, sets each element to zero with probability p and divides the others by 1 − p (Srivastava et al., 2014);
 * with p = 1, all are zero, NaN and infinities too, and so are all gradients; in evaluation, does nothing. Which elements depends on the seed, the training step, the layer's path and the number
 * of its call in that step.
 */
public final class Dropout extends Layer {
    private final double p;

    /** With p = 0.5. */
    public Dropout() {
        this(0.5);
    }

    /**
     * With a probability of one's own.
     *
     * @param p the probability of zero, in 0..1
     * @throws IllegalArgumentException if it is outside of that
     */
    public Dropout(double p) {
        if (!(p >= 0 && p <= 1)) {
            throw new IllegalArgumentException("dropout: p " + p + ", expected 0..1");
        }
        this.p = p;
    }

    @Override
    protected Tensor forward(Tensor x) {
        if (!isTraining() || p == 0) {
            return x;
        }
        if (!x.dtype().isFloating()) {
            throw new IllegalArgumentException("dropout: type " + x.dtype()
                    + ", expected a floating-point type; convert with to(DType.FLOAT32)");
        }
        if (p == 1) {
            return Autograd.apply(new Everything(), x);
        }
        // The step is an input on the device, so that a recorded training step can be replayed with another.
        Tensor step = Tensor.full(x.device(), DType.INT32, Shape.SCALAR, Rng.step());
        long stream = Rng.nextStreamOfStep("dropout");
        return Autograd.apply(new dev.jacobian.op.Dropout(p, Rng.seed(), stream), x, step);
    }

    /** Dropout with p = 1, where there is nothing to be divided by 1 − p. */
    private record Everything() implements Op {
        @Override
        public String name() {
            return "dropout";
        }

        @Override
        public Tensor forward(OpContext context, Tensor... inputs) {
            return inputs[0].zerosLike();
        }

        @Override
        public List<Tensor> backward(OpContext context, Tensor dy) {
            return List.of(dy.zerosLike());
        }
    }

    @Override
    protected String describe() {
        return "p=" + p;
    }
}
