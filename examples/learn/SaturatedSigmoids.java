import module dev.jacobian.core;
import dev.jacobian.examples.plot.Plot;

// Squared error stops learning where a sigmoid is saturated and wrong; cross-entropy does not.
void main(String[] args) throws IOException {
    Path folder = Path.of(args.length == 0 ? "." : args[0]);
    Tensor logits = Tensor.of(-3.0, -0.5, 1, 4);
    Tensor target = Tensor.of(1.0, 0, 1, 0);
    int n = 4;
    Tensor s = logits.sigmoid();
    Tensor squared = Autograd.grad(o -> squaredError(o, target), logits);
    Tensor entropy = Autograd.grad(o -> crossEntropy(o, target), logits);
    Tensor slope = s.mul(s.neg().add(1));
    IO.println("squared error: 2/n (s - y) s (1 - s)  " + same(squared, s.sub(target).mul(slope).mul(2.0 / n)));
    IO.println("cross-entropy: s - y                  " + same(entropy, s.sub(target)));
    IO.println("factor between them: 2 s (1 - s) / n  " + same(squared.div(entropy), slope.mul(2.0 / n)));

    // One example that belongs to class 1: the more negative its logit, the more wrong it is.
    double[] z = IntStream.rangeClosed(-80, 20).mapToDouble(i -> i / 4.0).toArray();
    Tensor one = Tensor.of(z).onesLike();
    double[] ofSquared = Autograd.grad(o -> o.sigmoid().sub(one).square().sum(), Tensor.of(z)).abs().toDoubleArray();
    double[] ofEntropy = Autograd.grad(o -> crossEntropy(o, one), Tensor.of(z)).abs().toDoubleArray();
    IO.println("logit    squared error    cross-entropy    (sizes of the gradients, target 1)");
    for (int i = 0; i <= 80; i += 20) {
        IO.println(String.format(Locale.ROOT, "%5.0f    %13.6e    %13.6f", z[i], ofSquared[i], ofEntropy[i]));
    }
    Path file = Plot.of("Gradients with respect to the logit, target 1", "logit", "size of the gradient").logY()
            .line("squared error", z, ofSquared).line("cross-entropy", z, ofEntropy)
            .save(folder.resolve("saturated-sigmoids.svg"));
    IO.println("wrote " + file.getFileName());
}

Tensor squaredError(Tensor logits, Tensor target) {
    return logits.sigmoid().sub(target).square().mean();
}

Tensor crossEntropy(Tensor logits, Tensor target) {
    return new BceWithLogitsLoss(Reduction.SUM).call(logits, target);
}

String same(Tensor a, Tensor b) {
    return "< 1e-12: " + (a.sub(b).abs().max().item() < 1e-12);
}
