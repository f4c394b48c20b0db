package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Conv2dKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Convolution of x [N, C, H, W] with weight [O, C/groups, kernelH, kernelW], and with bias [O] if there is one; the
 * formulas of both directions stand at {@link Conv2dKernel}.
 *
 * @param window the window
 * @param groups how many groups the channels form
 */
public record Conv2d(Window2d window, int groups) implements FusedOp<Conv2dKernel> {
    @Override
    public Class<Conv2dKernel> kernel() {
        return Conv2dKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        return Windows.scoped(() -> {
            Tensor y = new ConvolutionTaps(window, groups, inputs[0], inputs[1]).convolve();
            return inputs.length == 2 ? y : y.add(inputs[2].reshape(inputs[2].dim(0), 1, 1));
        });
    }

    @Override
    public Tensor forward(Conv2dKernel kernel, OpContext context, Tensor... inputs) {
        Tensor x = context.save(inputs[0].contiguous());
        Tensor weight = context.save(inputs[1].contiguous());
        View bias = inputs.length == 2 ? null : inputs[2].contiguous().view();
        Tensor y = Tensor.empty(x.device(), x.dtype(), Shape.of(x.dim(0), weight.dim(0),
                window.outputHeight(x.dim(2)), window.outputWidth(x.dim(3))));
        kernel.conv2d(x.view(), weight.view(), bias, window, groups, y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(Conv2dKernel kernel, OpContext context, Tensor dy) {
        Tensor x = context.saved(0);
        Tensor weight = context.saved(1);
        Tensor dense = dy.contiguous();
        Tensor dx = null;
        if (context.needsGrad(0)) {
            dx = context.newGradient(0);
            kernel.conv2dBackwardInput(dense.view(), weight.view(), window, groups, dx.view());
        }
        Tensor dweight = null;
        if (context.needsGrad(1)) {
            dweight = context.newGradient(1);
            kernel.conv2dBackwardWeight(x.view(), dense.view(), window, groups, dweight.view());
        }
        if (context.inputs() == 2) {
            return Arrays.asList(dx, dweight);
        }
        Tensor dbias = context.needsGrad(2) ? Sum.gradient(context, 2, dense, 0, 2, 3) : null;
        return Arrays.asList(dx, dweight, dbias);
    }
}
