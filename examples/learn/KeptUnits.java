import dev.jacobian.examples.plot.Plot;
import module dev.jacobian.core;

// How many units dropout keeps: binomial, Poisson in the limit, Poisson again if thinned.
void main(String[] args) {
    Path folder = Path.of(args.length == 0 ? "." : args[0]);
    Rng.seed(2);
    int samples = 10_000, cells = 81;
    double alpha = 4, lambda = 10, p = 0.6; // lambda (1 - p) = alpha
    double[] poisson = poisson(alpha, cells);

    print("      M   total variation   bound alpha^2/M   M times it%n");
    for (int m : new int[] {8, 32, 128, 512, 2048}) {
        double distance = variation(binomial(m, alpha / m, cells), poisson);
        print("  %5d        %.6f          %.6f       %.4f%n", m, distance, alpha * alpha / m, m * distance);
    }

    double[] kept = new double[cells], units = poisson(lambda, cells);
    for (int m = 0; m < cells; m++) {
        double[] given = binomial(m, 1 - p, cells);
        for (int k = 0; k <= m; k++) {
            kept[k] += units[m] * given[k];
        }
    }
    print("sum over M of the joint = Poisson(lambda (1-p)) within 1e-12: %b%n", variation(kept, poisson) < 1e-12);

    // The generating function E s^k of the kept units: its derivatives at 1 are the mean and the mean of k (k - 1).
    UnaryOperator<Tensor> generating = s -> s.mul(1 - p).add(p).sub(1).mul(lambda).exp();
    Tensor one = Tensor.of(1.0);
    double first = Autograd.grad(generating, one).item();
    double second = Autograd.hessian(generating, one).item();
    print("by autograd: mean %.6f, variance %.6f%n", first, second + first - first * first);

    Tensor masks = new Dropout(1 - alpha / 64).call(Tensor.ones(samples, 64));
    compare("64 units, p = 0.9375", masks.gt(0), binomial(64, alpha / 64, cells));

    // As many units as a Poisson number says: the cumulative probabilities that a uniform number has reached.
    double[] cumulative = units.clone();
    Arrays.parallelPrefix(cumulative, Double::sum);
    Tensor m = Rng.uniform(samples, 1).to(DType.FLOAT64).ge(Tensor.of(cumulative)).sum(1, true);
    Tensor exists = Tensor.arange(cells).lt(m);
    compare("M ~ Poisson(10)", exists, units);
    Tensor thinned = new Dropout(p).call(exists.to(DType.FLOAT32));
    compare("M ~ Poisson(10), p = 0.6", thinned.gt(0), poisson);

    double[] k = Tensor.arange(13).toDoubleArray();
    Plot plot = Plot.of("Kept units, 4 on average", "k", "probability of k kept units")
            .line("Poisson(4)", k, Arrays.copyOf(poisson, k.length));
    for (int n : new int[] {8, 16, 64}) {
        plot.points("M = " + n, k, binomial(n, alpha / n, k.length));
    }
    plot.save(folder.resolve("kept-units.svg"));
    IO.println("wrote kept-units.svg");
}

// Pearson's statistic of the number of true in each row; neighbouring values share a cell until it expects at least 5.
void compare(String name, Tensor rows, double[] pmf) {
    int[] counts = new int[pmf.length], values = rows.sum(1).toIntArray();
    Arrays.stream(values).forEach(value -> counts[value]++);
    double statistic = 0, expected = 0, observed = 0, left = rows.dim(0);
    int degrees = -1;
    for (int k = 0; k < pmf.length; k++) {
        expected += rows.dim(0) * pmf[k];
        observed += counts[k];
        if (expected >= 5 && left - expected >= 5 || k == pmf.length - 1) {
            statistic += Math.pow(observed - expected, 2) / expected;
            degrees++;
            left -= expected;
            expected = observed = 0;
        }
    }
    print("%-24s mean %.3f, chi-square %5.1f for %d degrees of freedom%n",
            name, Arrays.stream(values).average().orElseThrow(), statistic, degrees);
}

double[] binomial(int m, double keep, int cells) {
    double[] pmf = new double[cells];
    pmf[0] = Math.pow(1 - keep, m);
    for (int k = 1; k < Math.min(cells, m + 1); k++) {
        pmf[k] = pmf[k - 1] * (m - k + 1) / k * keep / (1 - keep);
    }
    return pmf;
}

double[] poisson(double rate, int cells) {
    double[] pmf = new double[cells];
    pmf[0] = Math.exp(-rate);
    for (int k = 1; k < cells; k++) {
        pmf[k] = pmf[k - 1] * rate / k;
    }
    return pmf;
}

double variation(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(k -> Math.abs(a[k] - b[k])).sum() / 2;
}

void print(String format, Object... values) {
    IO.print(String.format(Locale.ROOT, format, values));
}
