import module dev.jacobian.core;

// Backpropagation through L layers, examples as columns: the deltas, by hand, against autograd.
enum F {
    TANH, SIGMOID, RELU, IDENTITY;

    Tensor value(Tensor s) {
        return switch (this) {
            case TANH -> s.tanh();
            case SIGMOID -> s.sigmoid();
            case RELU -> s.relu();
            case IDENTITY -> s;
        };
    }

    Tensor slope(Tensor s) {
        return switch (this) {
            case TANH -> s.tanh().square().neg().add(1);
            case SIGMOID -> s.sigmoid().mul(s.neg().sigmoid());
            case RELU -> s.gt(0).to(DType.FLOAT64);
            case IDENTITY -> s.onesLike();
        };
    }
}

void main() {
    Rng.seed(1);
    compare(F.IDENTITY);
    compare(F.RELU, F.IDENTITY);
    compare(F.TANH, F.RELU, F.SIGMOID);
    compare(F.RELU, F.TANH, F.SIGMOID, F.RELU, F.IDENTITY);
}

void compare(F... f) {
    int layers = f.length, n = 6;
    Tensor[] w = new Tensor[layers], b = new Tensor[layers], s = new Tensor[layers], z = new Tensor[layers + 1];
    z[0] = normal(3, n);
    for (int l = 0; l < layers; l++) {                         // forward; layer l here is layer l + 1 on the page
        w[l] = normal(l + 4, l + 3).requireGrad();
        b[l] = normal(l + 4, 1).requireGrad();
        s[l] = w[l].matmul(z[l]).add(b[l]);
        z[l + 1] = f[l].value(s[l]);
    }
    Tensor target = normal(layers + 3, n);
    Tensor loss = z[layers].sub(target).square().sum().div(2.0 * n);
    loss.backward();

    double worst = 0;
    try (var _ = Autograd.noGrad()) {                          // backward, by hand
        Tensor delta = z[layers].sub(target).div(n).mul(f[layers - 1].slope(s[layers - 1]));
        for (int l = layers - 1; l >= 0; l--) {
            worst = Math.max(worst, difference(delta.matmul(z[l].transpose()), w[l].grad()));
            worst = Math.max(worst, difference(delta.sum(1, true), b[l].grad()));
            if (l > 0) {
                delta = w[l].transpose().matmul(delta).mul(f[l - 1].slope(s[l - 1]));
            }
        }
    }
    IO.println("L = " + layers + " " + Arrays.toString(f) + ": by hand = autograd: " + (worst < 1e-12));
}

Tensor normal(int rows, int columns) {
    return Rng.normal(rows, columns).to(DType.FLOAT64);
}

double difference(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item();
}
