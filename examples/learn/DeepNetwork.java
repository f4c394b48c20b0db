import module dev.jacobian.core;

// A deep network with softmax and cross-entropy: gradients as products of transposed Jacobians.
void main() {
    Rng.seed(2);
    int[] widths = {5, 4, 6, 3}; // D_0 to D_L
    int last = widths.length - 1;
    Tensor[] w = new Tensor[last], b = new Tensor[last], h = new Tensor[last + 1]; // W_i and b_i at i - 1
    h[0] = normal(widths[0], 1).requireGrad();
    for (int i = 1; i <= last; i++) {
        w[i - 1] = normal(widths[i], widths[i - 1]).requireGrad();
        b[i - 1] = normal(widths[i], 1).requireGrad();
        h[i] = w[i - 1].matmul(h[i - 1]).add(b[i - 1]).tanh();
    }
    Tensor target = Tensor.of(0.2, 0.5, 0.3).reshape(3, 1); // the sum is 1
    Tensor y = h[last].softmax(0);
    List<Tensor> autograd = Autograd.grad(crossEntropy(y, target),
            Stream.of(Stream.of(y), Stream.of(h), Stream.of(w), Stream.of(b)).flatMap(s -> s).toArray(Tensor[]::new));
    List<Tensor> hGrads = autograd.subList(1, last + 2);
    List<Tensor> wGrads = autograd.subList(last + 2, 2 * last + 2), bGrads = autograd.subList(2 * last + 2, 3 * last + 2);

    Tensor dy = target.div(y).neg(), logits = h[last].flatten(0, 1);
    Tensor softmax = Tensor.diag(logits.softmax(0)).sub(y.matmul(y.transpose()));
    check("dl/dy = -t / y", dy, autograd.getFirst());
    check("dy/dh_L = diag(y) - y y^T", softmax, Autograd.jacobian(v -> v.softmax(0), logits));
    check("dl/dh_L = (dy/dh_L)^T dl/dy", softmax.transpose().matmul(dy), hGrads.get(last));
    Tensor dh = y.sub(target);
    check("dl/dh_L = y - t", dh, hGrads.get(last));
    for (int i = last; i >= 1; i--) {
        // Here dh is dl/dh_i: the transposed Jacobians of layers i + 1 to L, times y - t.
        Tensor slope = h[i].square().neg().add(1); // tanh' = 1 - tanh^2
        check("dl/dW_%1$d = (s' * dl/dh_%1$d) h_%2$d^T".formatted(i, i - 1),
                slope.mul(dh).matmul(h[i - 1].transpose()), wGrads.get(i - 1));
        check("dl/db_%1$d = s' * dl/dh_%1$d".formatted(i), slope.mul(dh), bGrads.get(i - 1));
        dh = Tensor.diag(slope.flatten(0, 1)).matmul(w[i - 1]).transpose().matmul(dh);
        check("dl/dh_%2$d = (diag(s') W_%1$d)^T dl/dh_%1$d".formatted(i, i - 1), dh, hGrads.get(i - 1));
    }
    // A target that is no distribution: its sum stays as a factor of y.
    Tensor doubled = target.mul(2);
    check("t doubled: dl/dh_L = sum(t) y - t", y.mul(2).sub(doubled),
            Autograd.grad(v -> crossEntropy(v.softmax(0), doubled), h[last].detach()));
}

Tensor crossEntropy(Tensor y, Tensor target) {
    return target.mul(y.log()).sum().neg();
}

Tensor normal(int rows, int columns) {
    return Rng.normal(rows, columns).to(DType.FLOAT64);
}

void check(String what, Tensor byHand, Tensor autograd) {
    double difference = byHand.sub(autograd).abs().max().item();
    IO.println("%-36s %s".formatted(what, difference < 1e-12 ? "< 1e-12" : "differs: " + difference));
}
