package dev.jacobian.op;

import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.CrossEntropyKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Cross-entropy of logits [N, C] with class indices [N], one loss for each example. Backward: softmax(logits) minus the
 * smoothed target, times the example's gradient.
 *
 * @param ignoreIndex the label of examples that do not count
 * @param labelSmoothing how much of the target is spread over all classes, in 0..1
 */
public record CrossEntropy(int ignoreIndex, double labelSmoothing) implements FusedOp<CrossEntropyKernel> {
    @Override
    public Class<CrossEntropyKernel> kernel() {
        return CrossEntropyKernel.class;
    }

    @Override
    public Tensor decompose(Tensor... inputs) {
        Tensor target = inputs[1];
        Tensor logProbability = inputs[0].logSoftmax(1);
        Tensor ignored = target.eq(ignoreIndex);
        Tensor loss = logProbability.gather(1, target.maskedFill(ignored, 0).unsqueeze(1)).squeeze(1).neg();
        if (labelSmoothing > 0) {
            Tensor uniform = logProbability.mean(1).neg();
            loss = loss.mul(1 - labelSmoothing).add(uniform.mul(labelSmoothing));
        }
        return loss.maskedFill(ignored, 0);
    }

    @Override
    public Tensor forward(CrossEntropyKernel kernel, OpContext context, Tensor... inputs) {
        Tensor logits = context.save(inputs[0]);
        Tensor target = context.save(inputs[1]);
        Shape examples = target.shape();
        Tensor logSumExp = context.save(Tensor.empty(logits.device(), logits.dtype(), examples));
        Tensor loss = Tensor.empty(logits.device(), logits.dtype(), examples);
        kernel.crossEntropy(
                logits.view(), target.view(), ignoreIndex, labelSmoothing, logSumExp.view(), loss.view());
        return loss;
    }

    @Override
    public List<Tensor> backward(CrossEntropyKernel kernel, OpContext context, Tensor dy) {
        Tensor logits = context.saved(0);
        Tensor dlogits = context.newGradient(0);
        kernel.crossEntropyBackward(logits.view(), context.saved(1).view(), ignoreIndex, labelSmoothing,
                context.saved(2).view(), dy.view(), dlogits.view());
        return Arrays.asList(dlogits, null);
    }

    @Override
    public String name() {
        return "cross entropy";
    }
}
