import module dev.jacobian.core;

// Softmax in small steps: the rules of exp, sum and division together give its gradient.
void main(String[] args) {
    Tensor x = Tensor.of(1, 2, 3, 0.5);
    Tensor dz = Tensor.of(0.3, -1, 0.2, 0.8);

    Tensor q = x.exp();
    Tensor s = q.sum();
    Tensor z = q.div(s);
    IO.println("z  " + z);

    Tensor ds = dz.mul(q).div(s.square()).neg().sum(); // division, by the denominator that all entries share
    Tensor dq = dz.div(s).add(ds); // division, by the numerators, and the sum, which gives each summand ds
    Tensor dx = dq.mul(q); // exp
    IO.println("ds " + ds);
    IO.println("dq " + dq);
    IO.println("dx " + dx);
    Tensor closed = z.mul(dz.sub(dz.mul(z).sum()));
    IO.println("closed form: equal to 1e-12 " + (distance(dx, closed) < 1e-12));
    Tensor recorded = Autograd.vjp(v -> v.exp().div(v.exp().sum()), x, dz);
    IO.println("autograd of the steps: equal to 1e-12 " + (distance(dx, recorded) < 1e-12));
    Tensor fused = Autograd.vjp(v -> v.softmax(0), x.to(DType.FLOAT32), dz.to(DType.FLOAT32));
    IO.println("the fused operation, in float32: equal to 1e-6 " + (distance(dx, fused) < 1e-6));

    Tensor large = x.add(1000);
    IO.println("at x + 1000, unshifted: " + large.exp().div(large.exp().sum()));
    IO.println("at x + 1000, shifted:   " + large.softmax(0));

    try (var _ = Autograd.higherOrder()) { // records the steps, not one fused operation
        Tensor result = Param.of("x", x).softmax(0);
        Path file = Path.of(args.length == 0 ? "." : args[0]).resolve("softmax-steps-graph.svg");
        Graph.of(result).save(file);
        IO.println("wrote " + file.getFileName());
    }
}

static double distance(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item();
}
