package dev.jacobian.cuda;

import static dev.jacobian.cuda.ElementKernel.address;
import static dev.jacobian.cuda.ElementKernel.index;
import static dev.jacobian.cuda.ElementKernel.isAligned;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;

/** Copies between any strides and types, and fills: {@code copy.cu}. */
final class CudaCopy {
    private static final String FILE = "copy";
    private static final DType[] TYPES = {DType.FLOAT32, DType.INT32, DType.BOOL};
    private static final int WORD = 4;
    /** As in {@code copy.cu}. */
    private static final int TILE = 32;
    private static final int TILE_THREADS = 256;
    /** Of shorter axes, tiles would be mostly empty. */
    private static final int SHORTEST_TILED = 8;

    private final CudaContext context;
    private final ElementKernel[][] copies = new ElementKernel[TYPES.length][TYPES.length];
    private final ElementKernel[] fills = new ElementKernel[TYPES.length];
    private final Kernel transpose;

    CudaCopy(CudaContext context) {
        this.context = context;
        for (DType from : TYPES) {
            for (DType to : TYPES) {
                copies[index(from)][index(to)] = ElementKernel.of(context, FILE, "copy_" + names(from, to));
            }
            fills[index(from)] = ElementKernel.of(context, FILE, "copy_fill_" + names(from));
        }
        transpose = context.kernel(FILE, "copy_transpose_word");
    }

    private static String names(DType from, DType to) {
        return from == to ? names(from) + "_" + names(to) : from + "_" + to;
    }

    /** Where types are not converted, those of four bytes are alike. */
    private static String names(DType dtype) {
        return dtype.bytes() == WORD ? "word" : "bool";
    }

    /** Sets every element to one value, converted as by {@link #copy}. */
    void fill(double value, View out) {
        ElementKernel kernel = fills[index(out.dtype())];
        int bytes = out.dtype().bytes();
        int bits = bits(value, out.dtype());
        if (out.isContiguous()) {
            fillDense(kernel, bytes, out.size(), address(out), bits);
            return;
        }
        Axes axes = Axes.of(out);
        if (axes.isDense()) {
            fillDense(kernel, bytes, axes.size(), axes.address(0), bits);
            return;
        }
        int fours = axes.groupByFour();
        while (axes.next()) {
            Launch launch = context.launch(kernel.strided()).address(axes.address(0)).i32(bits);
            ElementKernel.runStrided(launch, axes, fours);
        }
    }

    private void fillDense(ElementKernel kernel, int bytes, long n, long out, int bits) {
        ElementKernel.runDense(context.launch(kernel.dense()).address(out).i32(bits), n, isAligned(out, bytes));
    }

    /** A number converted to a type, as kernels take it: the bits of four bytes. */
    static int bits(double value, DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> Float.floatToRawIntBits((float) value);
            case INT32 -> (int) value;
            case BOOL -> value != 0 ? 1 : 0;
            case FLOAT64 -> throw new IllegalArgumentException("cuda: got float64, expected float32, int32 or bool");
        };
    }

    /** Copies between any strides, converting types. */
    void copy(View x, View out) {
        ElementKernel kernel = copies[index(x.dtype())][index(out.dtype())];
        int outBytes = out.dtype().bytes();
        int bytes = x.dtype().bytes();
        if (x.isContiguous() && out.isContiguous()) {
            copyDense(kernel, out.size(), address(out), outBytes, address(x), bytes);
            return;
        }
        Axes axes = Axes.of(out, x);
        boolean words = bytes == WORD && (x.dtype() == out.dtype());
        copyStrided(kernel, axes, outBytes, bytes, words);
    }

    /**
     * Copies a view, without conversion, to where its elements lie densely in row-major order.
     *
     * @param x what is copied
     * @param address where the first element goes
     */
    void copyDense(View x, long address) {
        ElementKernel kernel = copies[index(x.dtype())][index(x.dtype())];
        int bytes = x.dtype().bytes();
        Axes axes = Axes.start(0, 2);
        axes.operand(0, address, bytes);
        axes.operand(1, x);
        long step = x.size();
        for (int axis = 0; axis < x.rank() && step > 0; axis++) {
            step /= x.dim(axis);
            axes.axis(x.dim(axis), step, x.stride(axis), 0, 0);
        }
        if (x.size() > 0) {
            copyStrided(kernel, axes, bytes, bytes, bytes == WORD);
        }
    }

    private void copyStrided(ElementKernel kernel, Axes axes, int outBytes, int bytes, boolean words) {
        if (axes.isDense()) {
            copyDense(kernel, axes.size(), axes.address(0), outBytes, axes.address(1), bytes);
            return;
        }
        int rows = words ? denseInInput(axes) : -1;
        if (rows >= 0) {
            transpose(axes, rows);
            return;
        }
        int fours = axes.groupByFour();
        while (axes.next()) {
            Launch launch = context.launch(kernel.strided()).address(axes.address(0)).address(axes.address(1));
            ElementKernel.runStrided(launch, axes, fours);
        }
    }

    private void copyDense(ElementKernel kernel, long n, long out, int outBytes, long x, int bytes) {
        Launch launch = context.launch(kernel.dense()).address(out).address(x);
        ElementKernel.runDense(launch, n, isAligned(out, outBytes) && isAligned(x, bytes));
    }

    /** The axis along which the input is dense, if the output is dense along another and both are long; else −1. */
    private static int denseInInput(Axes axes) {
        int last = axes.rank() - 1;
        if (axes.stride(0, last) != 1 || axes.stride(1, last) == 1 || axes.dim(last) < SHORTEST_TILED) {
            return -1;
        }
        for (int axis = last - 1; axis >= 0; axis--) {
            if (axes.stride(1, axis) == 1) {
                return axes.dim(axis) < SHORTEST_TILED ? -1 : axis;
            }
        }
        return -1;
    }

    private void transpose(Axes axes, int rowAxis) {
        int last = axes.rank() - 1;
        int rows = (int) axes.dim(rowAxis);
        int columns = (int) axes.dim(last);
        long outRow = axes.stride(0, rowAxis);
        long xColumn = axes.stride(1, last);
        Axes matrices = Axes.start(1, 2);
        matrices.operand(0, axes.address(0), WORD);
        matrices.operand(1, axes.address(1), WORD);
        for (int axis = 0; axis < last; axis++) {
            if (axis != rowAxis) {
                matrices.axis(axes.dim(axis), axes.stride(0, axis), axes.stride(1, axis), 0, 0);
            }
        }
        long tiles = tiles(rows) * tiles(columns);
        while (matrices.next()) {
            Launch launch = context.launch(transpose);
            launch.address(matrices.address(0)).address(matrices.address(1)).i32(rows).i32(columns);
            matrices.write(launch.i64(outRow).i64(xColumn)).run(tiles * matrices.pieceSize(), TILE_THREADS, 0);
        }
    }

    private static long tiles(int length) {
        return (length + TILE - 1L) / TILE;
    }
}
