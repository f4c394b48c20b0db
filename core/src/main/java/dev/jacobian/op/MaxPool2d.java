package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.MaxPool2dKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.Window2d;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * The largest element of each window over the planes of x [N, C, H, W]. NaN counts as larger than all numbers. Backward:
 * the gradient goes to the largest element, the first in row-major order among equals.
 *
 * @param window the window
 */
public record MaxPool2d(Window2d window) implements FusedOp<MaxPool2dKernel> {
    static Shape pooled(Shape x, Window2d window) {
        return x.with(2, window.outputHeight(x.dim(2))).with(3, window.outputWidth(x.dim(3)));
    }

    @Override
    public Class<MaxPool2dKernel> kernel() {
        return MaxPool2dKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        return Windows.scoped(() -> {
            // Of a window at the border that is −∞ throughout, the padding may take the gradient: it is an equal.
            Tensor taps = Windows.scoped(() -> Tensor.stack(0, taps(inputs[0])));
            return taps.gather(0, taps.detach().argmax(0, true)).squeeze(0);
        });
    }

    /** Each element of the window at all its positions. */
    private Tensor[] taps(Tensor x) {
        Tensor padded = Windows.padded(x, window, Double.NEGATIVE_INFINITY);
        Shape shape = pooled(x.shape(), window);
        Tensor[] taps = new Tensor[window.kernelH() * window.kernelW()];
        for (int i = 0; i < taps.length; i++) {
            Tensor lines = Windows.tap(padded, 2, i / window.kernelW() * window.dilationH(), window.strideH(),
                    shape.dim(2));
            taps[i] = Windows.tap(lines, 3, i % window.kernelW() * window.dilationW(), window.strideW(), shape.dim(3));
        }
        return taps;
    }

    @Override
    public Tensor forward(MaxPool2dKernel kernel, OpContext context, Tensor... inputs) {
        Tensor x = inputs[0].contiguous();
        Tensor y = Tensor.empty(x.device(), x.dtype(), pooled(x.shape(), window));
        Tensor index = context.save(Tensor.empty(x.device(), DType.INT32, y.shape()));
        kernel.maxPool2d(x.view(), window, y.view(), index.view());
        return y;
    }

    @Override
    public List<Tensor> backward(MaxPool2dKernel kernel, OpContext context, Tensor dy) {
        Tensor dx = context.newGradient(0);
        kernel.maxPool2dBackward(dy.contiguous().view(), context.saved(0).view(), window, dx.view());
        return List.of(dx);
    }

    @Override
    public String name() {
        return "max pool";
    }
}
