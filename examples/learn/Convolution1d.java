import dev.jacobian.examples.plot.Plot;
import module dev.jacobian.core;

// Convolution of rows: valid, full and same, what smoothing does, the gradients by hand.
void main(String[] args) {
    Path folder = Path.of(args.length == 0 ? "." : args[0]);
    Tensor x = row(1, 1, 4, 4, 4, 1, 1);
    Tensor quarters = row(0.25, 0.25, 0.25);
    for (Padding mode : Padding.values()) {
        IO.println(String.format("%-5s %s", mode, text(convolve(x, quarters, mode))));
    }
    Tensor smooth = convolve(x, quarters, Padding.SAME);
    double[] places = IntStream.range(0, 7).asDoubleStream().toArray();
    Plot.of("Three neighbours, a quarter of each", "place", "value").line("input", places, x.toDoubleArray())
            .line("same", places, smooth.toDoubleArray()).save(folder.resolve("convolution-1d.svg"));

    Tensor uneven = row(1, 2, 4);
    Tensor impulse = row(0, 0, 1, 0, 0);
    IO.println("kernel 1 2 4 of 0 0 1 0 0, as networks do it: " + text(convolve(impulse, uneven, Padding.VALID)));
    IO.println("with the kernel turned round, the convolution: " + text(convolve(impulse, flip(uneven), Padding.VALID)));
    IO.println("quarters turned round: the same "
            + (difference(convolve(x, flip(quarters), Padding.VALID), convolve(x, quarters, Padding.VALID)) == 0));

    Rng.seed(1);
    int n = 400;
    double[] steps = IntStream.range(0, n).mapToDouble(i -> i / 100 % 2).toArray();
    Tensor clean = row(steps);
    Tensor noisy = clean.add(Rng.normal(1, 1, n).to(DType.FLOAT64).mul(0.3));
    Tensor mean = convolve(noisy, Tensor.ones(1, 1, 9).to(DType.FLOAT64).div(9), Padding.SAME);
    IO.println(String.format(Locale.ROOT, "mean of nine: largest jump %.2f, before %.2f; noise on a level part %.2f,"
            + " before %.2f", jump(mean), jump(noisy), deviation(mean.slice(2, 110, 190)),
            deviation(noisy.slice(2, 110, 190))));
    double[] time = IntStream.range(0, n).asDoubleStream().toArray();
    Plot.of("A noisy signal and the mean of nine neighbours", "time", "value")
            .points("noisy", time, noisy.toDoubleArray()).line("mean of nine", time, mean.toDoubleArray())
            .save(folder.resolve("convolution-1d-noise.svg"));

    Tensor input = Rng.normal(2, 3, 10).to(DType.FLOAT64).requireGrad();       // [N, C, L]
    Tensor weight = Rng.normal(4, 3, 5).to(DType.FLOAT64).requireGrad();       // [O, C, k]
    Tensor bias = Rng.normal(4).to(DType.FLOAT64).requireGrad();
    Tensor y = input.conv1d(weight, bias, 1, Padding.VALID, 1, 1);
    Tensor dy = Rng.normal(2, 4, 6).to(DType.FLOAT64);
    y.mul(dy).sum().backward();
    try (var _ = Autograd.noGrad()) {
        Tensor dx = dy.conv1d(flip(weight).transpose(0, 1), null, 1, Padding.FULL, 1, 1);
        Tensor dw = input.transpose(0, 1).conv1d(dy.transpose(0, 1), null, 1, Padding.VALID, 1, 1).transpose(0, 1);
        Tensor db = dy.sum(new int[] {0, 2}, false);
        IO.println("by hand = autograd: dx " + (difference(dx, input.grad()) < 1e-12) + ", dw "
                + (difference(dw, weight.grad()) < 1e-12) + ", db " + (difference(db, bias.grad()) < 1e-12));
    }
    IO.println("wrote convolution-1d.svg");
    IO.println("wrote convolution-1d-noise.svg");
}

Tensor row(double... values) {
    return Tensor.of(values).reshape(1, 1, values.length);
}

Tensor convolve(Tensor x, Tensor kernel, Padding mode) {
    return x.conv1d(kernel, null, 1, mode, 1, 1);
}

Tensor flip(Tensor kernel) {
    int k = kernel.dim(2);
    return kernel.indexSelect(2, Tensor.of(IntStream.range(0, k).map(j -> k - 1 - j).toArray()));
}

String text(Tensor row) {
    return DoubleStream.of(row.toDoubleArray()).mapToObj(v -> String.format(Locale.ROOT, "%.2f", v))
            .collect(Collectors.joining(" "));
}

double jump(Tensor row) {
    return difference(row.slice(2, 1, row.dim(2)), row.slice(2, 0, row.dim(2) - 1));
}

double deviation(Tensor x) {
    return x.sub(x.mean()).square().mean().sqrt().item();
}

double difference(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item();
}
