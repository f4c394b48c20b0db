import module dev.jacobian.core;

// A classifier with softplus units: its gradients step by step against autograd, and its training.
void main() {
    Rng.seed(4);
    int d = 2, hidden = 8, m = 3, perClass = 40;
    var first = new Linear(d, hidden);
    var second = new Linear(hidden, m);
    var model = new Sequential(first, new Softplus(), second);
    model.to(DType.FLOAT64);
    IO.println("parameters " + model.parameterCount() + " = " + (hidden * d + hidden + m * hidden + m));

    // One example, columns as in the derivation.
    int y = 1;
    Tensor x = Tensor.of(0.5, -1.5).unsqueeze(1);
    Tensor loss = new CrossEntropyLoss().call(model.call(x.transpose()), Tensor.of(y));
    loss.backward();
    try (var _ = Autograd.noGrad()) {
        Tensor ha = first.weight().matmul(x).add(first.bias().unsqueeze(1));
        Tensor hs = ha.softplus();
        Tensor oa = second.weight().matmul(hs).add(second.bias().unsqueeze(1));
        Tensor os = oa.softmax(0);
        IO.println(String.format(Locale.ROOT, "output sums to %.6f; loss %.6f = %.6f", os.sum().item(), loss.item(),
                oa.logSumExp().item() - oa.select(0, y).item()));
        Tensor gradOa = os.sub(Tensor.of(y).oneHot(m).to(DType.FLOAT64).transpose());
        Tensor gradHs = second.weight().transpose().matmul(gradOa);
        Tensor gradHa = gradHs.mul(ha.sigmoid());
        check("W2", gradOa.matmul(hs.transpose()), second.weight());
        check("b2", gradOa.squeeze(1), second.bias());
        check("W1", gradHa.matmul(x.transpose()), first.weight());
        check("b1", gradHa.squeeze(1), first.bias());
    }

    // Three clouds of points around the corners of a triangle.
    Tensor corners = Tensor.of(new double[][] {{0, 2}, {-1.7, -1}, {1.7, -1}});
    Tensor labels = Tensor.of(IntStream.range(0, m * perClass).map(i -> i % m).toArray());
    Tensor points = corners.indexSelect(0, labels).add(Rng.normal(m * perClass, d).to(DType.FLOAT64));
    var sgd = new Sgd(model.parameters(), 0.5);
    model.parameters().forEach(Param::zeroGrad);
    for (int step = 0; step <= 40; step++) {
        Tensor logits = model.call(points);
        Tensor risk = new CrossEntropyLoss().call(logits, labels);
        if (step % 10 == 0) {
            IO.println(String.format(Locale.ROOT, "step %2d  loss %.4f  accuracy %.3f", step, risk.item(),
                    logits.argmax(1).eq(labels).to(DType.FLOAT64).mean().item()));
        }
        risk.backward();
        sgd.step();
    }
}

void check(String name, Tensor byHand, Param param) {
    double worst = byHand.sub(param.grad()).abs().max().item();
    IO.println("gradient of " + name + " by hand = autograd: " + (worst < 1e-12));
}
