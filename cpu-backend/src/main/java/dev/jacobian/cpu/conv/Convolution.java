package dev.jacobian.cpu.conv;

import dev.jacobian.backend.Window2d;
import dev.jacobian.cpu.Parallel;
import dev.jacobian.cpu.gemm.GemmKernel;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Convolution of dense float32 images, and its gradients. Safe for use by several threads at the same time. */
public final class Convolution {
    /** With fewer channels, transforms cost more than products save. */
    private static final int MIN_CHANNELS = 16;

    /** With more, it has not been measured. */
    private static final int MAX_CHANNELS = 512;

    /** Elements of a line of all channels: a row of Winograd's tiles takes some 70 times as many bytes. */
    private static final int MAX_LINE = 1 << 15;

    private final TapsKernel kernel;
    private final GemmKernel gemm;
    private final WinogradKernel winograd;
    private final Buffers.Pool pool = new Buffers.Pool();

    /**
     * Convolution over the given inner loops.
     *
     * @param kernel the loops of the products
     * @param gemm packs panels and adds up tiles
     * @param winograd the transforms of Winograd's method; null to do without it
     */
    public Convolution(TapsKernel kernel, GemmKernel gemm, WinogradKernel winograd) {
        this.kernel = kernel;
        this.gemm = gemm;
        this.winograd = winograd;
    }

    /**
     * Filters of a convolution, dense [O, C/groups, kernelH, kernelW].
     *
     * @param segment the memory
     * @param offset the first element's index
     * @param groups how many groups there are
     * @param window the window
     */
    public record Filters(MemorySegment segment, long offset, int groups, Window2d window) {}

    /** y = x * weight + bias, for {@code batch} images; {@code bias} may be null. */
    public void forward(Parallel team, int batch, Images x, Filters filters, MemorySegment bias, long biasOffset,
            Images y) {
        Window2d window = filters.window;
        if (suits(batch, x, y, window, filters.groups) && winograd(team, batch, x,
                new Winograd.Filters(filters.segment, filters.offset, false, bias, biasOffset), window.paddingH(),
                window.paddingW(), y)) {
            return;
        }
        int inputs = x.channels() / filters.groups;
        long taps = (long) window.kernelH() * window.kernelW();
        Correlation.Weights weights = new Correlation.Weights(filters.segment, filters.offset, filters.groups,
                y.channels() / filters.groups, inputs, inputs * taps, taps, window.kernelH(), window.kernelW(), bias,
                biasOffset);
        Buffers shared = pool.take();
        new Correlation(kernel, gemm, pool, shared, batch, x, weights,
                List.of(Axis.forward(Axis.Side.vertical(window), x.height(), y.height())),
                List.of(Axis.forward(Axis.Side.horizontal(window), x.width(), y.width())), y).run(team);
        pool.giveBack(shared);
    }

    /** dx from dy. */
    public void backwardInput(Parallel team, int batch, Images dy, Filters filters, Images dx) {
        Window2d window = filters.window;
        if (suits(batch, dx, dy, window, filters.groups) && winograd(team, batch, dy,
                new Winograd.Filters(filters.segment, filters.offset, true, null, 0), 2 - window.paddingH(),
                2 - window.paddingW(), dx)) {
            return;
        }
        int inputs = dx.channels() / filters.groups;
        long taps = (long) window.kernelH() * window.kernelW();
        Correlation.Weights weights = new Correlation.Weights(filters.segment, filters.offset, filters.groups, inputs,
                dy.channels() / filters.groups, taps, inputs * taps, window.kernelH(), window.kernelW(), null, 0);
        List<Axis> rows = Axis.backward(Axis.Side.vertical(window), dx.height(), dy.height());
        List<Axis> columns = Axis.backward(Axis.Side.horizontal(window), dx.width(), dy.width());
        if (rows.isEmpty() || columns.isEmpty()) {
            dx.segment().asSlice(dx.at(0, 0), dx.at(batch, 0) - dx.at(0, 0)).fill((byte) 0);
            return;
        }
        Buffers shared = pool.take();
        new Correlation(kernel, gemm, pool, shared, batch, dy, weights, rows, columns, dx).run(team);
        pool.giveBack(shared);
    }

    private boolean winograd(Parallel team, int batch, Images source, Winograd.Filters filters, int paddingH,
            int paddingW, Images result) {
        Buffers shared = pool.take();
        boolean finite = new Winograd(winograd, kernel, pool, shared, batch, source, filters, paddingH, paddingW,
                result)
                .run(team);
        pool.giveBack(shared);
        return finite;
    }

    /** Whether Winograd's method is to be tried. */
    private boolean suits(int batch, Images x, Images y, Window2d window, int groups) {
        return winograd != null
                && groups == 1
                && window.equals(Window2d.of(3, 3).padding(window.paddingH(), window.paddingW()))
                && window.paddingH() <= 2
                && window.paddingW() <= 2
                && Math.min(x.channels(), y.channels()) >= Math.max(MIN_CHANNELS, winograd.lanes())
                && Math.max(x.channels(), y.channels()) <= MAX_CHANNELS
                && (long) Math.max(x.width(), y.width()) * Math.max(x.channels(), y.channels()) <= MAX_LINE
                && batch > 0;
    }

    /** The gradient of the filters, dense from {@code offset} on; there is at least one image. */
    public void backwardWeight(Parallel team, int batch, Images x, Images dy, Window2d window, int groups,
            MemorySegment dweight, long offset) {
        Buffers shared = pool.take();
        boolean done = suits(batch, x, dy, window, groups)
                && WinogradWeightGradient.suits(x, dy)
                && new WinogradWeightGradient(winograd, gemm, pool, shared, batch, x, dy, window.paddingH(),
                        window.paddingW()).run(team, dweight, offset);
        if (!done) {
            Axis vertical = Axis.forward(Axis.Side.vertical(window), x.height(), dy.height());
            Axis horizontal = Axis.forward(Axis.Side.horizontal(window), x.width(), dy.width());
            if (x.channels() == groups && dy.channels() == groups) {
                new DepthwiseWeightGradient(kernel, gemm, pool, shared, batch, x, dy, vertical, horizontal)
                        .run(team, dweight, offset);
            } else {
                new WeightGradient(kernel, gemm, pool, shared, batch, x, dy, vertical, horizontal, groups)
                        .run(team, dweight, offset);
            }
        }
        pool.giveBack(shared);
    }
}
