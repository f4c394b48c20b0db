package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.LayerNormKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Layer normalisation of x over its last axes, with weight and bias of their shape, or with neither (Ba, Kiros and
 * Hinton, 2016). The backward rule stands at {@link LayerNormKernel#layerNormBackward}.
 *
 * @param axes how many of the last axes are normalised together
 * @param epsilon added to the variance
 */
public record LayerNorm(int axes, double epsilon) implements FusedOp<LayerNormKernel> {
    @Override
    public Class<LayerNormKernel> kernel() {
        return LayerNormKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        Tensor x = inputs[0];
        int[] last = IntStream.range(x.rank() - axes, x.rank()).toArray();
        return Windows.scoped(() -> {
            Tensor deviation = x.sub(x.mean(last, true));
            Tensor variance = deviation.square().mean(last, true);
            Tensor normal = deviation.mul(variance.add(epsilon).rsqrt());
            return inputs.length == 1 ? normal : normal.mul(inputs[1]).add(inputs[2]);
        });
    }

    @Override
    public Tensor forward(LayerNormKernel kernel, OpContext context, Tensor... inputs) {
        Tensor x = context.save(inputs[0].contiguous());
        Shape rows = rows(x.shape());
        Tensor mean = context.save(Tensor.empty(x.device(), x.dtype(), Shape.of(rows.dim(0))));
        Tensor rstd = context.save(mean.emptyLike());
        Tensor y = x.emptyLike();
        View weight = null;
        View bias = null;
        if (inputs.length == 3) {
            weight = flat(context.save(inputs[1].contiguous()));
            bias = flat(inputs[2].contiguous());
        }
        kernel.layerNorm(x.view().reshape(rows), weight, bias, epsilon, mean.view(), rstd.view(),
                y.view().reshape(rows));
        return y;
    }

    /** [rows, n]. */
    private Shape rows(Shape x) {
        long n = 1;
        long rows = 1;
        for (int i = 0; i < x.rank(); i++) {
            if (i < x.rank() - axes) {
                rows *= x.dim(i);
            } else {
                n *= x.dim(i);
            }
        }
        return Shape.of(Math.toIntExact(rows), Math.toIntExact(n));
    }

    private static View flat(Tensor dense) {
        return dense.view().reshape(Shape.of(Math.toIntExact(dense.size())));
    }

    @Override
    public List<Tensor> backward(LayerNormKernel kernel, OpContext context, Tensor dy) {
        Tensor x = context.saved(0);
        Shape rows = rows(x.shape());
        Tensor dx = context.newGradient(0);
        boolean affine = context.inputs() == 3;
        Tensor weight = affine ? context.saved(3) : null;
        Tensor dweight = affine ? context.newGradient(1) : null;
        Tensor dbias = affine ? context.newGradient(2) : null;
        kernel.layerNormBackward(x.view().reshape(rows), affine ? flat(weight) : null, context.saved(1).view(),
                context.saved(2).view(), dy.contiguous().view().reshape(rows), dx.view().reshape(rows),
                affine ? flat(dweight) : null, affine ? flat(dbias) : null);
        return affine ? List.of(dx, dweight, dbias) : Arrays.asList(dx);
    }

    @Override
    public String name() {
        return "layer norm";
    }
}
