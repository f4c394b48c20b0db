import module dev.jacobian.core;

// Batch normalisation and ReLU: every gradient by hand, in the compact form, and by autograd.
void main() {
    Rng.seed(2);
    int batch = 6, units = 3;
    double eps = 0.1; // large, so that it shows where it stands
    Tensor y = Rng.normal(batch, units).to(DType.FLOAT64).requireGrad();
    Tensor gamma = Tensor.of(1.5, -0.7, 2).requireGrad(), beta = Tensor.of(0.3, 0.2, -0.4).requireGrad();
    Tensor c = Rng.normal(batch, units).to(DType.FLOAT64); // dl/dH of the loss l = sum of c * H

    Tensor m = y.mean(0), v = variance(y, m);
    Tensor out = normalise(y, m, v, eps).mul(gamma).add(beta);
    List<Tensor> autograd = Autograd.grad(out.relu().mul(c).sum(), gamma, beta, m, v, y);

    Tensor step = out.gt(0).to(DType.FLOAT64); // ReLU's derivative: 0 at 0
    Tensor g = c.mul(step), root = v.add(eps).rsqrt(), d = y.sub(m), hat = d.mul(root);
    IO.println("largest difference between the two sides");
    check("mean of the result = beta", out.mean(0), beta);
    check("variance (1/B) = gamma^2 v/(v+eps)", out.variance(new int[] {0}, false, 0),
            gamma.square().mul(v).div(v.add(eps)));
    check("gamma: sum g yhat", g.mul(hat).sum(0), autograd.get(0));
    check("beta: sum g", g.sum(0), autograd.get(1));
    Tensor dm = gamma.mul(root).mul(g.sum(0)).neg();
    check("m, v with it: -gamma (v+eps)^-1/2 sum g", dm, autograd.get(2));
    Tensor mHeld = m.detach().requireGrad(), vHeld = v.detach();
    Tensor held = normalise(y, mHeld, vHeld, eps).mul(gamma).add(beta);
    check("m, v held: the same", dm, Autograd.grad(held.relu().mul(c).sum(), mHeld).getFirst());
    Tensor dv = gamma.mul(root.pow(3)).mul(g.mul(d).sum(0)).div(-2);
    check("v: -gamma/2 (v+eps)^-3/2 sum g (Y-m)", dv, autograd.get(3));

    Tensor direct = g.mul(gamma).mul(root);
    Tensor mean = direct.mean(0), second = d.mul(gamma).mul(root.pow(3)).mul(g.mul(d).mean(0));
    check("Y: by the sum over the batch", direct.sub(mean.add(second)), autograd.get(4));
    check("Y: compact", gamma.mul(root).mul(g.sub(g.mean(0)).sub(hat.mul(g.mul(hat).mean(0)))), autograd.get(4));
    check("Y: with the source's sign", direct.sub(mean.sub(second)), autograd.get(4));

    var norm = new dev.jacobian.nn.BatchNorm(units, eps, 0.1); // in float32, fused with the ReLU
    List<Param> params = norm.parameters();
    try (var _ = Autograd.noGrad()) {
        params.get(0).set(gamma);
        params.get(1).set(beta);
    }
    Tensor x = y.detach().to(DType.FLOAT32).requireGrad();
    new Sequential(norm, new ReLU()).call(x).mul(c.to(DType.FLOAT32)).sum().backward();
    print("%-44s %s", "the layer's gradients by gamma, beta, Y", difference(params.get(0).grad(), autograd.get(0)) < 1e-5
            && difference(params.get(1).grad(), autograd.get(1)) < 1e-5
            && difference(x.grad(), autograd.get(4)) < 1e-5 ? "< 1e-5" : "differ");

    Tensor same = Tensor.of(2.0, 2, 2).reshape(3, 1), first = Tensor.of(1.0, 0, 0).reshape(3, 1);
    print("column 2, 2, 2 with eps = 0: %s, with eps: %s", values(normal(same, 0)), values(normal(same, eps)));
    print("gradient of its first result: %s", values(Autograd.vjp(t -> normal(t, eps), same, first)));
    print("with sqrt(v) + eps instead:   %s", values(
            Autograd.vjp(t -> t.sub(t.mean(0)).div(variance(t, t.mean(0)).sqrt().add(eps)), same, first)));
}

Tensor variance(Tensor y, Tensor m) {
    return y.sub(m).square().mean(0);
}

Tensor normalise(Tensor y, Tensor m, Tensor v, double eps) {
    return y.sub(m).mul(v.add(eps).rsqrt());
}

Tensor normal(Tensor y, double eps) {
    return normalise(y, y.mean(0), variance(y, y.mean(0)), eps);
}

double difference(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item();
}

void check(String what, Tensor byHand, Tensor expected) {
    double difference = difference(byHand, expected);
    print("%-44s %s", what, difference < 1e-12 ? "< 1e-12" : "differs by up to %.3f".formatted(difference));
}

String values(Tensor column) {
    return Arrays.stream(column.toDoubleArray()).mapToObj("%.3f"::formatted).collect(Collectors.joining(", "));
}

void print(String format, Object... values) {
    IO.println(String.format(Locale.ROOT, format, values));
}
