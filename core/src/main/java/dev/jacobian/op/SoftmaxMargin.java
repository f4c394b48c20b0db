package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.SoftmaxMarginKernel;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Hinge loss of p = softmax(logits) [N, C] with class indices t [N], one loss for each example:
 * Σ max(0, p[i] − p[t] + margin) over i ≠ t. Backward: p[j] ([j in A] − [j = t] k − s + k p[t]) times the example's
 * gradient, where A are the k classes i ≠ t with p[i] − p[t] + margin > 0, and s is the sum of their probabilities.
 *
 * @param margin how far the label's probability must be ahead
 */
public record SoftmaxMargin(double margin) implements FusedOp<SoftmaxMarginKernel> {
    @Override
    public Class<SoftmaxMarginKernel> kernel() {
        return SoftmaxMarginKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        Tensor probability = inputs[0].softmax(1);
        Tensor target = inputs[1];
        Tensor own = probability.gather(1, target.unsqueeze(1));
        Tensor hinges = probability.sub(own).add(margin).relu();
        return hinges.maskedFill(target.oneHot(probability.dim(1)).ne(0), 0).sum(1);
    }

    @Override
    public Tensor forward(SoftmaxMarginKernel kernel, OpContext context, Tensor... inputs) {
        Tensor logits = inputs[0];
        Tensor target = context.save(inputs[1]);
        Tensor probability = context.save(logits.emptyLike());
        Tensor loss = Tensor.empty(logits.device(), logits.dtype(), target.shape());
        kernel.softmaxMargin(logits.view(), target.view(), margin, probability.view(), loss.view());
        return loss;
    }

    @Override
    public List<Tensor> backward(SoftmaxMarginKernel kernel, OpContext context, Tensor dy) {
        Tensor probability = context.saved(1);
        Tensor dlogits = context.newGradient(0);
        kernel.softmaxMarginBackward(
                probability.view(), context.saved(0).view(), margin, dy.view(), dlogits.view());
        return Arrays.asList(dlogits, null);
    }

    @Override
    public String name() {
        return "softmax margin";
    }
}
