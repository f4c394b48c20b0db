package dev.jacobian.cpu;

import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import dev.jacobian.cpu.conv.Convolution;
import dev.jacobian.cpu.conv.Images;

/** Convolution of float32 images. */
final class CpuConv2d {
    /** The gradient of a 1×1 window's weights takes channels of up to so many elements in one piece. */
    private static final int MAX_LINE = 1024;

    private final Parallel team;
    private final CpuCopy copy;
    private final Convolution convolution;

    CpuConv2d(Parallel team, CpuCopy copy, Convolution convolution) {
        this.team = team;
        this.copy = copy;
        this.convolution = convolution;
    }

    void forward(View x, View weight, View bias, Window2d window, int groups, View y) {
        if (isRow(x, window)) {
            forward(column(x), column(weight), bias, column(window), groups, column(y));
        } else if (y.size() > 0) {
            convolution.forward(team, y.dim(0), images(x), filters(weight, window, groups),
                    bias == null ? null : Floats.memory(bias), bias == null ? 0 : bias.offset(), images(y));
        }
    }

    void backwardInput(View dy, View weight, Window2d window, int groups, View dx) {
        if (dx.size() == 0) {
            return;
        }
        if (dy.size() == 0) {
            copy.fill(0, dx);
            return;
        }
        if (isRow(dx, window)) {
            backwardInput(column(dy), column(weight), column(window), groups, column(dx));
            return;
        }
        convolution.backwardInput(team, dx.dim(0), images(dy), filters(weight, window, groups), images(dx));
    }

    void backwardWeight(View x, View dy, Window2d window, int groups, View dweight) {
        if (dweight.size() == 0) {
            return;
        }
        if (dy.size() == 0) {
            copy.fill(0, dweight);
            return;
        }
        boolean line = isPoint(window) && dy.dim(2) * (long) dy.dim(3) <= MAX_LINE;
        convolution.backwardWeight(team, dy.dim(0), images(line ? line(x) : x), images(line ? line(dy) : dy), window,
                groups, Floats.memory(dweight), dweight.offset());
    }

    /** Whether each result sees one element, its own, so that channels may as well be single rows. */
    private static boolean isPoint(Window2d window) {
        return window.equals(Window2d.of(1, 1));
    }

    private static View line(View x) {
        return x.reshape(Shape.of(x.dim(0), x.dim(1), 1, x.dim(2) * x.dim(3)));
    }

    /**
     * Whether images are rows that are better computed as columns: those need one copy of the source and not one for
     * each of the kernel's elements, and long ones are cut into bands (1.1 to 5 times as fast). Rows that the kernel moves
     * over in strides, and the gradient of the weight, are not: their copies would be of single elements.
     */
    private static boolean isRow(View x, Window2d window) {
        return x.dim(2) == 1
                && x.dim(3) > 1
                && window.kernelH() == 1
                && window.paddingH() == 0
                && window.strideW() == 1;
    }

    private static View column(View row) {
        return row.reshape(Shape.of(row.dim(0), row.dim(1), row.dim(3), 1));
    }

    private static Window2d column(Window2d row) {
        return new Window2d(row.kernelW(), 1, 1, 1, row.paddingW(), 0, row.dilationW(), 1);
    }

    private static Images images(View view) {
        return new Images(Floats.memory(view), view.offset(), view.dim(1), view.dim(2), view.dim(3));
    }

    private static Convolution.Filters filters(View weight, Window2d window, int groups) {
        return new Convolution.Filters(Floats.memory(weight), weight.offset(), groups, window);
    }
}
