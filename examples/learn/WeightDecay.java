import module dev.jacobian.core;

// An L2 penalty on the weights is a decay of the weights: Sgd with weightDecay = 2 lambda.
void main() {
    double lr = 0.1, lambda = 0.05;
    Tensor a = Tensor.of(new double[][] {{1, 2}, {-1, 0.5}, {0.3, -2}});
    Tensor y = Tensor.of(1.0, 0, -2);
    UnaryOperator<Tensor> risk = w -> a.matmul(w).sub(y).square().mean();

    Tensor byHand = Tensor.of(3.0, -2);
    Param decayed = Param.of("decayed", byHand);
    Param penalised = Param.of("penalised", byHand);
    var decay = new Sgd(List.of(decayed), lr).weightDecay(2 * lambda);
    var plain = new Sgd(List.of(penalised), lr);
    double worst = 0;
    for (int step = 0; step < 50; step++) {
        Tensor gradient = Autograd.grad(risk, byHand);
        byHand = byHand.sub(gradient.add(byHand.mul(2 * lambda)).mul(lr));
        risk.apply(decayed).backward();
        decay.step();
        risk.apply(penalised).add(penalised.square().sum().mul(lambda)).backward();
        plain.step();
        worst = Math.max(worst, Math.max(difference(byHand, decayed), difference(byHand, penalised)));
    }
    IO.println("after 50 steps            " + byHand);
    IO.println("weightDecay 2 lambda, penalty in the loss and the formula agree at every step: " + (worst < 1e-12));

    // Where the risk is flat, only the decay acts: one step from (3, -2).
    Param adam = Param.of("adam", Tensor.of(3.0, -2));
    Param adamW = Param.of("adamW", Tensor.of(3.0, -2));
    step(adam, new Adam(List.of(adam), lr).weightDecay(2 * lambda));
    step(adamW, new AdamW(List.of(adamW), lr).weightDecay(2 * lambda));
    IO.println("Adam, decay in gradient   " + adam + "   lr whatever the weight");
    IO.println("AdamW, decay of weights   " + adamW + "   a factor 1 - 2 lambda lr");
}

void step(Param w, Optimizer optimizer) {
    w.mul(0).sum().backward();
    optimizer.step();
}

double difference(Tensor a, Tensor b) {
    return a.detach().sub(b.detach()).abs().max().item();
}
