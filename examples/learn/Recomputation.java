import module dev.jacobian.core;

// Keep block inputs only and compute the rest again: less memory, the same gradients.

static final int LAYERS = 16;
static final List<Layer> MODELS = new ArrayList<>(); // kept, so that nothing is freed while it is measured
static final int WIDTH = 64; // of a layer and of the batch: one activation is 64 · 64 · 4 = 16384 bytes

void main() {
    Rng.seed(4);
    say("by hand from pre-activations alone, as autograd: %b", byHand() < 1e-12);
    Device device = Device.of(Device.current().backend()); // with memory of its own, in which nobody else is counted
    try (var _ = device.use(); var _ = MemoryScope.open()) {
        say("%d layers of Linear and GELU   kept in bytes   at most", LAYERS);
        float[] all = report("everything kept", pairs(LAYERS));
        float[] one = report("GELU again", blocks(1));
        float[] four = report("blocks of 4 again", blocks(4));
        float[] whole = report("all in one block", blocks(LAYERS));
        say("gradients are equal bit for bit: %b", Stream.of(one, four, whole).allMatch(g -> Arrays.equals(g, all)));
    }
}

/** S₂ = f(S₁) Wᵀ, L = mean(f(S₂)²): backward needs S₁, S₂ and W. Returns the largest difference to autograd. */
static double byHand() {
    Tensor s1 = Rng.normal(8, 5).to(DType.FLOAT64).requireGrad();
    Tensor w = Rng.normal(3, 5).to(DType.FLOAT64).requireGrad();
    Tensor s2 = s1.gelu().matmul(w.transpose());
    s2.gelu().square().mean().backward();
    try (var _ = Autograd.noGrad()) {
        Tensor dz2 = s2.gelu().mul(2.0 / s2.size()); // f(S₂) again
        Tensor delta2 = dz2.mul(slope(s2));
        Tensor dw = delta2.transpose().matmul(s1.gelu()); // f(S₁) again
        Tensor delta1 = delta2.matmul(w).mul(slope(s1));
        return Math.max(dw.sub(w.grad()).abs().max().item(), delta1.sub(s1.grad()).abs().max().item());
    }
}

/** GELU′(s) = Φ(s) + s φ(s). */
static Tensor slope(Tensor s) {
    Tensor density = s.square().div(-2).exp().div(Math.sqrt(2 * Math.PI));
    return s.mul(Math.sqrt(0.5)).erf().add(1).div(2).add(s.mul(density));
}

static Sequential pairs(int count) {
    var chain = new Sequential();
    for (int i = 0; i < count; i++) {
        chain.add(new GELU()).add(new Linear(WIDTH, WIDTH));
    }
    return chain;
}

static Sequential blocks(int layers) {
    var chain = new Sequential();
    for (int i = 0; i < LAYERS; i += layers) {
        chain.add(Checkpoint.of(pairs(layers)));
    }
    return chain;
}

/** One training step: prints what is kept between the passes, and the most there is. Returns all gradients. */
static float[] report(String name, Layer model) {
    Rng.seed(4);
    MODELS.add(model);
    List<Param> parameters = model.parameters();
    try (var _ = Autograd.noGrad()) {
        parameters.forEach(param -> param.set(Rng.normal(param.shape().toArray()).mul(0.2))); // the same for all
    }
    MemoryPool pool = MemoryPool.of(Device.current());
    long kept = 0;
    long before = 0;
    for (int step = 0; step < 2; step++) { // the gradients' own memory is there from the first step on
        parameters.forEach(Tensor::zeroGrad);
        try (var _ = MemoryScope.open()) {
            Tensor x = Rng.normal(WIDTH, WIDTH);
            pool.resetPeak();
            before = pool.stats().active();
            Tensor y = model.call(x);
            kept = pool.stats().active() - before;
            y.backward(y);
        }
    }
    say("%-27s %13d %13d", name, kept, pool.stats().peak() - before);
    return Tensor.concat(0, parameters.stream().map(param -> param.grad().reshape(-1)).toArray(Tensor[]::new)).toArray();
}

static void say(String format, Object... values) {
    IO.println(String.format(Locale.ROOT, format, values));
}
