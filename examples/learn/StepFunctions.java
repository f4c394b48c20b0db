import module dev.jacobian.core;
import dev.jacobian.examples.plot.Plot;

// Sign, ReLU and the Heaviside step, and the sigmoid that becomes a step as it grows steeper.
void main(String[] args) throws IOException {
    Path folder = Path.of(args.length == 0 ? "." : args[0]);
    Tensor x = Tensor.of(-2.0, -0.5, 0, 0.5, 2);
    Tensor indicators = x.gt(0).to(DType.FLOAT64).sub(x.lt(0).to(DType.FLOAT64));
    IO.println("x              " + text(x));
    IO.println("sign           " + text(x.sign()));
    IO.println("1[x>0]-1[x<0]  " + text(indicators));
    IO.println("relu           " + text(x.relu()));
    IO.println("x H(x)         " + text(x.mul(step(x))));
    IO.println("x - x H(-x)    " + text(x.sub(x.mul(step(x.neg())))));
    IO.println("H              " + text(step(x)));
    IO.println("relu'          " + text(Autograd.grad(v -> v.relu().sum(), x)) + "   (0 at the kink)");

    // From -2 to 2 in cells of 0.001, of which H jumps in none: the sum over midpoints is the integral.
    Tensor midpoints = Tensor.of(IntStream.range(0, 4000).mapToDouble(i -> -2 + (i + 0.5) / 1000).toArray());
    IO.println(String.format(Locale.ROOT, "integral of H over -2..2  %.6f", step(midpoints).mean().item() * 4));

    IO.println("   k    sigmoid(0.1 k)    gap to H at x = 1/k");
    for (double k : new double[] {1, 10, 100, 1000, 10_000}) {
        double gap = 1 - Tensor.of(k * (1 / k)).sigmoid().item();
        IO.println(String.format(Locale.ROOT, "%6.0f  %.6f          %.6f", k, Tensor.of(0.1 * k).sigmoid().item(), gap));
    }

    double[] grid = IntStream.rangeClosed(-400, 400).mapToDouble(i -> i / 200.0).toArray();
    var plot = Plot.of("Sigmoids that become a step", "x", "sigmoid(k x)");
    for (double k : new double[] {1, 4, 16, 64}) {
        plot = plot.line("k = " + (int) k, grid, Tensor.of(grid).mul(k).sigmoid().toDoubleArray());
    }
    IO.println("wrote " + plot.save(folder.resolve("step-functions.svg")).getFileName());
}

/** The Heaviside step: 0, at 0 one half, then 1. */
Tensor step(Tensor x) {
    return x.sign().add(1).div(2);
}

String text(Tensor values) {
    return Arrays.stream(values.toDoubleArray()).mapToObj(v -> String.format(Locale.ROOT, "%5.1f", v + 0.0))
            .collect(Collectors.joining(" "));
}
