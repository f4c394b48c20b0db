import module dev.jacobian.core;

// The gradient of a log-probability: its logit's gradient minus the expected gradient of a logit.
void main() {
    Tensor a = Tensor.of(new double[][] {{1, -0.5}, {0.3, 2}, {-1.2, 0.7}, {0.4, 0.1}});
    Tensor u = Tensor.of(0.8, -0.6);
    UnaryOperator<Tensor> x = v -> a.matmul(v.sin()).add(a.square().matmul(v.square()));  // four logits of two numbers

    Tensor logits = x.apply(u);
    Tensor s = logits.softmax(0);
    Tensor jacobian = Autograd.jacobian(v -> v.logSoftmax(0), logits);
    Tensor identity = Tensor.eye(4).to(DType.FLOAT64);
    IO.println("softmax                          " + s);
    IO.println("Jacobian by x = I - 1 s^T        " + same(jacobian, identity.sub(s.unsqueeze(0))));

    Tensor slopes = Autograd.jacobian(x, u);                   // row i: the gradient of logit i by u
    Tensor expected = s.matmul(slopes);                        // E_j[grad x_j], j drawn with probability s_j
    Tensor gradients = Autograd.jacobian(v -> x.apply(v).logSoftmax(0), u);
    IO.println("by u = logit's - E[any logit's]  " + same(gradients, slopes.sub(expected)));
    IO.println("its expectation is 0             " + same(s.matmul(gradients), u.zerosLike()));

    Tensor label = Tensor.of(2);
    var loss = new CrossEntropyLoss();
    Tensor byLogits = Autograd.grad(v -> loss.call(v.unsqueeze(0), label), logits);
    Tensor byU = Autograd.grad(v -> loss.call(x.apply(v).unsqueeze(0), label), u);
    IO.println("loss by logits                   " + byLogits);
    IO.println("  = softmax - one-hot            " + same(byLogits, s.sub(identity.select(0, 2))));
    IO.println("loss by u                        " + byU);
    IO.println("  = E[any logit's] - class 2's   " + same(byU, expected.sub(slopes.select(0, 2))));
}

String same(Tensor a, Tensor b) {
    return "< 1e-12: " + (a.sub(b).abs().max().item() < 1e-12);
}
