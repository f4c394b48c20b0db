import dev.jacobian.examples.plot.Plot;
import module dev.jacobian.core;

// A rate, from "faster or slower than predicted" alone: EM, gradient ascent and Newton agree.

static final int N = 400;
static final int STEPS = 40;
static final double TRUE_RATE = 0.02; // per minute: 50 minutes on average

Tensor c; // the predicted times, in minutes
Tensor faster; // whether the true time, which nobody wrote down, was at most c

Tensor logLikelihood(Tensor rate) {
    Tensor u = c.mul(rate);
    return Tensor.where(faster, u.neg().expm1().neg().log(), u.neg()).sum();
}

/** One step: the expected times, E[X | X ≤ c] = c g(u) and E[X | X > c] = c + 1/rate, and one over their mean. */
Tensor em(Tensor rate) {
    Tensor u = c.mul(rate);
    // g(u) = 1/u − 1/(eᵘ − 1); where that cancels, its series 1/2 − u/12 + u³/720 − u⁵/30240
    Tensor series = u.square().div(-30240).add(1.0 / 720).mul(u.square()).sub(1.0 / 12).mul(u).add(0.5);
    Tensor g = Tensor.where(u.lt(0.05), series, u.reciprocal().sub(u.expm1().reciprocal()));
    return c.mul(Tensor.where(faster, g, u.reciprocal().add(1))).mean().reciprocal();
}

Tensor newton(Tensor rate) {
    Tensor score = Autograd.grad(this::logLikelihood, rate);
    return rate.sub(score.div(Autograd.hessian(this::logLikelihood, rate)));
}

double[] path(Tensor rate, UnaryOperator<Tensor> step) {
    return Stream.iterate(rate, step).limit(STEPS + 1).mapToDouble(Tensor::item).toArray();
}

void main(String[] args) {
    Rng.seed(1);
    c = Rng.uniform(N).to(DType.FLOAT64).mul(80).add(20);
    faster = Rng.uniform(N).to(DType.FLOAT64).neg().log1p().div(-TRUE_RATE).le(c);
    say("%.0f of %d faster than predicted, true rate %.4f per minute", faster.to(DType.INT32).sum().item(), N, TRUE_RATE);

    Tensor start = c.mean().reciprocal();
    Param logRate = Param.of("log rate", start.log());
    var sgd = new Sgd(List.of(logRate), 1.5); // a rate of 1 is EM, to first order
    var paths = new LinkedHashMap<String, double[]>();
    paths.put("EM", path(start, this::em));
    paths.put("gradient ascent", path(start, _ -> {
        logLikelihood(logRate.exp()).div(-N).backward();
        sgd.step();
        return logRate.exp();
    }));
    paths.put("Newton", path(start, this::newton));
    double[] em = paths.get("EM");
    double best = paths.get("Newton")[STEPS];
    var plot = Plot.of("Three ways to the same maximum", "step", "relative error of the rate").logY();
    paths.forEach((name, rates) -> {
        say("%-16s step 0 %.6f, 1 %.6f, 5 %.6f, %d %.10f", name, rates[0], rates[1], rates[5], STEPS, rates[STEPS]);
        double[] errors = Arrays.stream(rates).map(r -> Math.abs(r / best - 1)).takeWhile(e -> e > 1e-12).toArray();
        plot.line(name, IntStream.range(0, errors.length).asDoubleStream().toArray(), errors);
    });

    double information = -Autograd.hessian(this::logLikelihood, Tensor.of(best).reshape()).item();
    double missing = 1 - information * best * best / N;
    double error = 1 / Math.sqrt(information);
    say("standard error %.6f, the true rate is %.2f of them away", error, Math.abs(TRUE_RATE - best) / error);
    say("average time 1/rate = %.2f minutes", 1 / best);
    say("a step of EM leaves %.4f of the error, missing information %.4f", (em[13] - best) / (em[12] - best), missing);
    boolean rises = IntStream.range(0, 10)
            .allMatch(t -> logLikelihood(Tensor.of(em[t])).item() < logLikelihood(Tensor.of(em[t + 1])).item());
    say("the likelihood rises in each of EM's first 10 steps: %b", rises);
    Path file = plot.save(Path.of(args.length == 0 ? "." : args[0]).resolve("em-exponential.svg"));
    say("wrote %s", file.getFileName());
}

static void say(String format, Object... values) {
    IO.println(String.format(Locale.ROOT, format, values));
}
