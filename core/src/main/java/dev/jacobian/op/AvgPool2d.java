package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.AvgPool2dKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.Window2d;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * The mean of each window over the planes of x [N, C, H, W]. Backward: each element of a window takes the gradient,
 * divided by the window's divisor.
 *
 * @param window the window, not dilated
 * @param countIncludePad whether padding counts as elements, which are 0
 */
public record AvgPool2d(Window2d window, boolean countIncludePad) implements FusedOp<AvgPool2dKernel> {
    @Override
    public Class<AvgPool2dKernel> kernel() {
        return AvgPool2dKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        Tensor x = inputs[0];
        Shape shape = MaxPool2d.pooled(x.shape(), window);
        return Windows.scoped(() -> {
            Tensor padded = Windows.padded(x, window, 0);
            Tensor lines = Windows.sum(0, window.kernelH(),
                    i -> Windows.tap(padded, 2, i, window.strideH(), shape.dim(2)));
            Tensor sum = Windows.sum(0, window.kernelW(),
                    j -> Windows.tap(lines, 3, j, window.strideW(), shape.dim(3)));
            return countIncludePad
                    ? sum.div((double) window.kernelH() * window.kernelW())
                    : sum.div(counts(shape.dim(2), window.kernelH(), window.strideH(), window.paddingH(), x.dim(2))
                            .unsqueeze(1)
                            .mul(counts(shape.dim(3), window.kernelW(), window.strideW(), window.paddingW(), x.dim(3)))
                            .to(x.device()).to(x.dtype()));
        });
    }

    /** How many elements of the input a window has along an axis, at each of its positions. */
    private static Tensor counts(int positions, int kernel, int stride, int padding, int length) {
        int[] counts = new int[positions];
        for (int i = 0; i < positions; i++) {
            int first = i * stride - padding;
            counts[i] = Math.min(first + kernel, length) - Math.max(first, 0);
        }
        return Tensor.of(counts);
    }

    @Override
    public Tensor forward(AvgPool2dKernel kernel, OpContext context, Tensor... inputs) {
        Tensor x = inputs[0].contiguous();
        Tensor y = Tensor.empty(x.device(), x.dtype(), MaxPool2d.pooled(x.shape(), window));
        kernel.avgPool2d(x.view(), window, countIncludePad, y.view());
        return y;
    }

    @Override
    public List<Tensor> backward(AvgPool2dKernel kernel, OpContext context, Tensor dy) {
        Tensor dx = context.newGradient(0);
        kernel.avgPool2dBackward(dy.contiguous().view(), window, countIncludePad, dx.view());
        return List.of(dx);
    }

    @Override
    public String name() {
        return "average pool";
    }
}
