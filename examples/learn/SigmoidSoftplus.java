import module dev.jacobian.core;

// The sigmoid's Jacobian, and softplus as the way to a log-sigmoid that is right for every x.
void main() {
    Tensor x = Tensor.of(-2.0, 0, 1);
    Tensor s = x.sigmoid();
    Tensor jacobian = Autograd.jacobian(Tensor::sigmoid, x);
    Tensor byHand = Tensor.diag(s).matmul(Tensor.eye(3).to(DType.FLOAT64).sub(Tensor.diag(s)));
    IO.println("Jacobian " + jacobian);
    IO.println("diag(s) (I - diag(s))                 " + same(jacobian, byHand));

    Tensor grid = Tensor.linspace(-30, 30, 601).to(DType.FLOAT64);
    IO.println("log sigmoid(x) = -softplus(-x)        " + same(grid.sigmoid().log(), logSigmoid(grid)));
    IO.println("softplus(x) - softplus(-x) = x        " + same(grid.softplus().sub(grid.neg().softplus()), grid));
    IO.println("softplus'(x) = sigmoid(x)             "
            + same(Autograd.grad(v -> v.softplus().sum(), grid), grid.sigmoid()));

    for (DType type : List.of(DType.FLOAT32, DType.FLOAT64)) {
        Tensor far = Tensor.of(-1000.0, 1000).to(type);
        IO.println(type + " at x = -1000 and 1000");
        print("  sigmoid(x)      ", Tensor::sigmoid, far);
        print("  softplus(x)     ", Tensor::softplus, far);
        print("  -softplus(-x)   ", this::logSigmoid, far);
        print("  log(sigmoid(x)) ", v -> v.sigmoid().log(), far);
    }
}

Tensor logSigmoid(Tensor x) {
    return x.neg().softplus().neg();
}

void print(String name, UnaryOperator<Tensor> f, Tensor x) {
    IO.println(name + text(f.apply(x)) + "  derivative " + text(Autograd.grad(v -> f.apply(v).sum(), x)));
}

String text(Tensor values) {
    return Arrays.stream(values.toDoubleArray()).mapToObj(v -> String.format(Locale.ROOT, "%9.1f", v + 0.0))
            .collect(Collectors.joining());
}

String same(Tensor a, Tensor b) {
    return "< 1e-12: " + (a.sub(b).abs().max().item() < 1e-12);
}
