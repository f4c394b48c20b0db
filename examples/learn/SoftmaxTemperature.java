import dev.jacobian.examples.plot.Plot;
import module dev.jacobian.core;

// Softmax with an inverse temperature: its Jacobian, its derivative by beta, and both limits.
static final Tensor X = Tensor.of(1, 2, 2.5, 0.5);

Tensor probabilities(Tensor beta) {
    return X.mul(beta).softmax(0);
}

void main(String[] args) {
    for (double b : new double[] {0, 0.5, 1, 2, 20}) {
        Tensor beta = Tensor.of(b);
        Tensor y = probabilities(beta);
        Tensor jacobian = Tensor.diag(y).sub(y.reshape(4, 1).matmul(y.reshape(1, 4))).mul(beta);
        Tensor slope = y.mul(X.sub(X.mul(y).sum()));
        double byX = distance(jacobian, Autograd.jacobian(v -> v.mul(beta).softmax(0), X));
        double byBeta = distance(slope, Autograd.jacobian(this::probabilities, beta).reshape(4));
        IO.println(String.format(Locale.ROOT, "beta %4.1f  y %s  differences below 1e-12: %b, %b", b, y, byX < 1e-12,
                byBeta < 1e-12));
    }
    Tensor y = probabilities(Tensor.of(2.0));
    Tensor jacobian = Autograd.jacobian(v -> v.mul(2).softmax(0), X);
    for (int j = 0; j < 4; j++) {
        IO.println("dy[" + j + "]/dx at beta = 2: " + jacobian.select(0, j));
    }
    IO.println("dy/dbeta at beta = 2: " + y.mul(X.sub(X.mul(y).sum())));

    int points = 81;
    double[] betas = IntStream.range(0, points).mapToDouble(i -> i * 8.0 / (points - 1)).toArray();
    Tensor curves = Tensor.of(betas).reshape(points, 1).mul(X).softmax(1);
    var plot = Plot.of("Softmax sharpens with β", "inverse temperature β", "probability");
    for (int j = 0; j < 4; j++) {
        plot.line("x = " + X.select(0, j).item(), betas, curves.select(1, j).toDoubleArray());
    }
    Path file = plot.save(Path.of(args.length == 0 ? "." : args[0]).resolve("softmax-temperature.svg"));
    IO.println("wrote " + file.getFileName());
}

static double distance(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item();
}
