import module dev.jacobian.core;
import dev.jacobian.examples.plot.Plot;

// Hinge loss of softmax probabilities: its gradient in closed form, and beside that of cross-entropy.
void main(String[] args) throws IOException {
    double margin = 0.5;
    Tensor logits = Tensor.of(new double[][] {{2, 1, 0.5, -1}, {5, 0, 1, 0}, {-1, 2, 1.5, 0}});
    int[] labels = {0, 0, 3};
    var each = new SoftmaxMarginLoss(margin, Reduction.NONE);
    var sum = new SoftmaxMarginLoss(margin, Reduction.SUM);
    Tensor gradient = Autograd.grad(x -> sum.call(x, Tensor.of(labels)), logits);
    Tensor p = logits.softmax(1);
    double[] losses = each.call(logits, Tensor.of(labels)).toDoubleArray();
    for (int i = 0; i < labels.length; i++) {
        IO.println(text("label %d of p = %s: loss %.4f", labels[i], list(p.select(0, i)), losses[i]));
        IO.println("  gradient " + list(gradient.select(0, i)));
    }

    // a: the classes l whose p_l - p_y + margin is above 0; k: how many; s: the sum of their probabilities.
    Tensor y = Tensor.of(labels).oneHot(4).to(DType.FLOAT64);
    Tensor own = p.mul(y).sum(1, true);
    Tensor a = p.sub(own).add(margin).gt(0).to(DType.FLOAT64).mul(y.neg().add(1));
    Tensor k = a.sum(1, true);
    Tensor s = a.mul(p).sum(1, true);
    Tensor closed = p.mul(a.sub(y.mul(k)).sub(s).add(own.mul(k)));
    Tensor terms = Tensor.of(doubleSum(p.toDoubleArray(), 4, labels, margin)).reshape(3, 4);
    IO.println("double sum is autograd's gradient  < 1e-12: " + (terms.sub(gradient).abs().max().item() < 1e-12));
    IO.println("closed form is autograd's gradient < 1e-12: " + (closed.sub(gradient).abs().max().item() < 1e-12));

    // Two classes: the right one's logit is 0, the wrong one's is z.
    double[] z = IntStream.rangeClosed(-60, 100).mapToDouble(i -> i / 10.0).toArray();
    Tensor two = Tensor.stack(1, Tensor.of(z).mul(0), Tensor.of(z));
    Tensor right = Tensor.zeros(z.length).to(DType.INT32);
    var entropy = new CrossEntropyLoss().reduction(Reduction.SUM);
    double[] loss = each.call(two, right).toDoubleArray();
    double[] ofMargin = Autograd.grad(x -> sum.call(x, right), two).select(1, 1).toDoubleArray();
    double[] ofEntropy = Autograd.grad(x -> entropy.call(x, right), two).select(1, 1).toDoubleArray();
    for (int i = 20; i < z.length; i += 40) {
        IO.println(text("z = %2.0f: loss %.4f, gradient %.4f, that of cross-entropy %.4f", z[i], loss[i], ofMargin[i],
                ofEntropy[i]));
    }
    Path file = Path.of(args.length == 0 ? "." : args[0]).resolve("softmax-margin.svg");
    Plot.of("Gradient with respect to the wrong class's logit z", "z, where the right class's logit is 0", "gradient")
            .line("softmax margin, margin 0.5", z, ofMargin).line("cross-entropy", z, ofEntropy).save(file);
    IO.println("wrote " + file.getFileName());
}

// One term for each class l whose hinge is on, and each logit j.
double[] doubleSum(double[] p, int classes, int[] labels, double margin) {
    double[] gradient = new double[p.length];
    for (int j = 0; j < p.length; j++) {
        int first = j / classes * classes;
        int y = first + labels[j / classes];
        for (int l = first; l < first + classes; l++) {
            if (l != y && p[l] - p[y] + margin > 0) {
                gradient[j] += p[j] * ((l == j ? 1 : 0) - (y == j ? 1 : 0) - p[l] + p[y]);
            }
        }
    }
    return gradient;
}

String list(Tensor x) {
    return DoubleStream.of(x.toDoubleArray()).mapToObj(v -> text("%.4f", v + 0.0)).collect(Collectors.joining(", "));
}

String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
}
