import dev.jacobian.examples.plot.Plot;
import module dev.jacobian.core;

// ReLU of orthogonally mixed noise: dropout keeps the mean and raises the variance.
void main(String[] args) {
    Path folder = Path.of(args.length == 0 ? "." : args[0]);
    Rng.seed(2);
    int samples = 20_000, inputs = 24, units = 16;
    Tensor w = Initializer.orthogonal(1).initialize(units, inputs).to(DType.FLOAT64);
    double off = w.matmul(w.transpose()).sub(Tensor.eye(units)).abs().max().item();
    print("W of %d x %d, W Wt = I within 1e-6: %b%n", units, inputs, off < 1e-6);

    Tensor x = Rng.normal(samples, inputs).to(DType.FLOAT64);
    Tensor h = x.matmul(w.transpose()).relu();
    double mean = 1 / Math.sqrt(2 * Math.PI);
    print("mean of h       1/sqrt(2 pi)     %.4f, simulated %.4f%n", mean, h.mean().item());
    print("mean of h^2     1/2              %.4f, simulated %.4f%n", 0.5, h.square().mean().item());
    print("variance of h   1/2 - 1/(2 pi)   %.4f, simulated %.4f%n", variance(0), h.variance().item());

    // Covariances of all pairs of units, standardised: N(0, 1) if the units are independent.
    Tensor centred = h.sub(h.mean(0, true)).div(h.variance(0, true).sqrt());
    Tensor z = centred.transpose().matmul(centred).mul(Tensor.ones(units, units).sub(Tensor.eye(units)))
            .div(Math.sqrt(samples));
    print("covariances of %d pairs of units: sum of z^2 = %.1f, expected %d +- %.1f%n", units * (units - 1) / 2,
            z.square().sum().item() / 2, units * (units - 1) / 2, Math.sqrt(units * (units - 1)));

    print("  p    mean      z   variance  1/(2(1-p)) - 1/(2 pi)      z%n");
    double[] ps = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
    double[] simulated = new double[ps.length];
    for (int i = 0; i < ps.length; i++) {
        double p = ps[i], n = h.size(), v = variance(p);
        Tensor dropped = new Dropout(p).call(h); // a new layer is in training mode
        simulated[i] = dropped.variance().item();
        double zMean = (dropped.mean().item() - mean) / Math.sqrt(v / n);
        double zVariance = (simulated[i] - v) / Math.sqrt((fourthMoment(p) - v * v) / n);
        print(" %.1f  %.4f  %5.2f     %.4f                 %.4f  %5.2f%n",
                p, dropped.mean().item(), zMean, simulated[i], v, zVariance);
    }
    double[] grid = Tensor.linspace(0, 0.92, 93).toDoubleArray();
    double[] theory = Arrays.stream(grid).map(this::variance).toArray();
    Plot.of("ReLU and dropout", "drop probability p", "variance of a unit").line("1/(2(1−p)) − 1/(2π)", grid, theory)
            .points("simulated", ps, simulated).save(folder.resolve("relu-dropout.svg"));
    IO.println("wrote relu-dropout.svg");
}

double variance(double p) {
    return 1 / (2 * (1 - p)) - 1 / (2 * Math.PI);
}

// The fourth central moment, which says how much a sample's variance varies.
double fourthMoment(double p) {
    double keep = 1 - p;
    return 3 / (2 * Math.pow(keep, 3)) - 4 / (Math.PI * keep * keep) + 3 / (2 * Math.PI * keep)
            - 3 / (4 * Math.PI * Math.PI);
}

void print(String format, Object... values) {
    IO.print(String.format(Locale.ROOT, format, values));
}
