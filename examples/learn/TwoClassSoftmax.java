import module dev.jacobian.core;

// Softmax of two logits is the sigmoid of their difference; losses and gradients agree.
void main() {
    Tensor x = Tensor.of(new double[][] {{1, 3}, {0.5, -0.5}, {2, 2}, {-4, 1}, {700, -700}});
    Tensor label = Tensor.of(0, 0, 1, 1, 1);                                // which of the two classes
    Tensor z = difference(x);                                               // x1 - x2
    Tensor s = x.softmax(1);
    IO.println("softmax of (1, 3)                     " + s.select(0, 0));
    IO.println("[sigmoid(x1 - x2), sigmoid(x2 - x1)]  "
            + same(s, Tensor.stack(1, z.sigmoid(), z.neg().sigmoid())));
    IO.println("[sigmoid(x2 - x1), sigmoid(x1 - x2)]  "
            + same(s, Tensor.stack(1, z.neg().sigmoid(), z.sigmoid())));

    Tensor first = label.eq(0).to(DType.FLOAT64);                           // 1 for class 1
    UnaryOperator<Tensor> many = v -> new CrossEntropyLoss().call(v, label);
    UnaryOperator<Tensor> two = v -> new BceWithLogitsLoss().call(difference(v), first);
    IO.println(String.format(Locale.ROOT, "cross-entropy, and binary of x1 - x2  %.6f %.6f", many.apply(x).item(),
            two.apply(x).item()));
    IO.println("gradients equal                       " + same(Autograd.grad(many, x), Autograd.grad(two, x)));
}

Tensor difference(Tensor x) {
    return x.select(1, 0).sub(x.select(1, 1));
}

String same(Tensor a, Tensor b) {
    return "< 1e-12: " + (a.sub(b).abs().max().item() < 1e-12);
}
