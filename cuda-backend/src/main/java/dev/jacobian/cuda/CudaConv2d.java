package dev.jacobian.cuda;

import static dev.jacobian.cuda.ElementKernel.address;

import dev.jacobian.backend.View;
import dev.jacobian.backend.Window2d;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Kernel;
import dev.jacobian.cuda.driver.Launch;
import dev.jacobian.cuda.driver.Scratch;

/**
 * Convolution and its gradients as products whose operands are gathered on the way (no patches in memory), in float32.
 * Windows of one element that move by one, without a bias, are products of cuBLAS, in the precision that was chosen for
 * products; groups of few channels, as in depthwise convolution, have kernels of their own. The gradient by weight is
 * cut into slices of the positions, as many as the shape says, and the slices added in their order.
 */
final class CudaConv2d {
    /** Tiles, as in {@code convolution_tiles.cuh}, largest first. */
    private static final String[] TILES = {"large", "middle", "small"};
    private static final int[] ROWS = {128, 64, 32};
    private static final int[] COLUMNS = {128, 128, 64};
    private static final int[] TILE_THREADS = {256, 128, 128};

    private static final int THREADS = 256;
    /** Groups of up to as many channels and filters are computed directly. */
    private static final int FEW = 4;
    /** Elements that a launch of a direct kernel writes at most, but for an image that has more. */
    private static final int LARGEST = 1 << 30;
    /** Blocks that the gradient by weight is cut into, and terms that a slice has at least. */
    private static final int BLOCKS = 512;
    private static final int TERMS = 512;

    private final CudaContext context;
    private final Kernel[] forward = new Kernel[TILES.length];
    private final Kernel[] backwardInput = new Kernel[TILES.length];
    private final Kernel[] backwardWeight = new Kernel[TILES.length];
    private final Kernel addSlices;
    private final Kernel forwardDirect;
    private final Kernel backwardInputDirect;
    private final Kernel backwardWeightDirect;

    CudaConv2d(CudaContext context) {
        this.context = context;
        for (int i = 0; i < TILES.length; i++) {
            forward[i] = context.kernel("convolution_forward", "convolution_forward_" + TILES[i] + "_f32");
            backwardInput[i] = context.kernel("convolution_backward_input",
                    "convolution_backward_input_" + TILES[i] + "_f32");
            backwardWeight[i] = context.kernel("convolution_backward_weight",
                    "convolution_backward_weight_" + TILES[i] + "_f32");
        }
        addSlices = context.kernel("convolution_backward_weight", "convolution_add_slices_f32");
        forwardDirect = context.kernel("convolution_direct", "convolution_direct_forward_f32");
        backwardInputDirect = context.kernel("convolution_direct", "convolution_direct_backward_input_f32");
        backwardWeightDirect = context.kernel("convolution_direct", "convolution_direct_backward_weight_f32");
    }

    void conv2d(View x, View weight, View bias, Window2d window, int groups, View y) {
        check(x, y);
        int filters = weight.dim(0) / groups;
        if (bias == null && isProduct(window, groups) && y.size() > 0) {
            int plane = x.dim(2) * x.dim(3);
            context.blas().gemm(false, false, plane, filters, x.dim(1), address(x), plane, (long) x.dim(1) * plane,
                    address(weight), x.dim(1), 0, 0, address(y), plane, (long) filters * plane, x.dim(0));
            return;
        }
        if (isDirect(weight, groups)) {
            for (int image = 0; image < y.dim(0); image += imagesOf(y)) {
                int n = elements(y, y.dim(0) - image);
                Launch launch = context.launch(forwardDirect).address(image(x, image)).pointer(weight).pointer(bias)
                        .address(image(y, image)).i32(n);
                shape(launch, x, weight, window, groups, y).run(Math.ceilDiv(n, THREADS), THREADS, 0);
            }
            return;
        }
        long columns = (long) y.dim(0) * y.dim(2) * y.dim(3);
        int tile = tile(filters, columns, groups);
        Launch launch = context.launch(forward[tile]).pointer(x).pointer(weight).pointer(bias).pointer(y);
        shape(launch, x, weight, window, groups, y).run(blocks(tile, filters, columns, groups), TILE_THREADS[tile], 0);
    }

    void conv2dBackwardInput(View dy, View weight, Window2d window, int groups, View dx) {
        check(dx, dy);
        int channels = weight.dim(1);
        if (isProduct(window, groups) && dx.size() > 0) {
            int plane = dx.dim(2) * dx.dim(3);
            context.blas().gemm(false, true, plane, channels, dy.dim(1), address(dy), plane,
                    (long) dy.dim(1) * plane, address(weight), channels, 0, 0, address(dx), plane,
                    (long) channels * plane, dx.dim(0));
            return;
        }
        if (isDirect(weight, groups)) {
            for (int image = 0; image < dx.dim(0); image += imagesOf(dx)) {
                int n = elements(dx, dx.dim(0) - image);
                Launch launch = context.launch(backwardInputDirect).address(image(dy, image)).pointer(weight)
                        .address(image(dx, image)).i32(n);
                shape(launch, dx, weight, window, groups, dy).run(Math.ceilDiv(n, THREADS), THREADS, 0);
            }
            return;
        }
        // The positions of one remainder by the strides are a product of their own.
        long products = (long) groups * Math.min(window.strideH(), dx.dim(2)) * Math.min(window.strideW(), dx.dim(3));
        long columns = (long) dx.dim(0) * Math.ceilDiv(dx.dim(2), window.strideH())
                * Math.ceilDiv(dx.dim(3), window.strideW());
        int tile = tile(channels, columns, products);
        Launch launch = context.launch(backwardInput[tile]).pointer(dy).pointer(weight).pointer(dx);
        shape(launch, dx, weight, window, groups, dy)
                .i32(skip(window.strideH(), window.dilationH()))
                .i32(skip(window.strideW(), window.dilationW()))
                .run(blocks(tile, channels, columns, products), TILE_THREADS[tile], 0);
    }

    void conv2dBackwardWeight(View x, View dy, Window2d window, int groups, View dweight) {
        check(x, dy);
        if (isDirect(dweight, groups)) {
            Launch launch = context.launch(backwardWeightDirect).pointer(x).pointer(dy).pointer(dweight);
            shape(launch, x, dweight, window, groups, dy).run(dweight.size(), THREADS, 0);
            return;
        }
        int filters = dweight.dim(0) / groups;
        int columns = dweight.dim(1) * dweight.dim(2) * dweight.dim(3);
        int tile = 0;
        while (tile < TILES.length - 1 && (filters <= ROWS[tile + 1] || columns <= COLUMNS[tile + 1])) {
            tile++;
        }
        long blocks = blocks(tile, filters, columns, groups);
        int terms = dy.dim(0) * dy.dim(2) * dy.dim(3);
        int wanted = (int) Math.max(1, Math.min(Math.ceilDiv(BLOCKS, blocks), terms / TERMS));
        int slice = Math.max(1, Math.ceilDiv(terms, wanted));
        int slices = Math.max(1, Math.ceilDiv(terms, slice));
        if (slices == 1) {
            backwardWeight(tile, address(dweight), x, dy, window, groups, dweight, slice, blocks);
            return;
        }
        try (Scratch partial = context.scratch(dweight.size() * slices * Float.BYTES)) {
            backwardWeight(tile, partial.address(), x, dy, window, groups, dweight, slice, blocks * slices);
            context.launch(addSlices).address(partial.address()).pointer(dweight).i64(dweight.size()).i32(slices)
                    .run(Math.ceilDiv(dweight.size(), (long) THREADS), THREADS, 0);
        }
    }

    private void backwardWeight(int tile, long result, View x, View dy, Window2d window, int groups, View dweight,
            int slice, long blocks) {
        Launch launch = context.launch(backwardWeight[tile]).pointer(x).pointer(dy).address(result);
        shape(launch, x, dweight, window, groups, dy).i32(slice).run(blocks, TILE_THREADS[tile], 0);
    }

    /** Kernels count positions of all images, and elements of one image, in 31 bits. */
    private static void check(View x, View y) {
        long limit = Integer.MAX_VALUE - (long) COLUMNS[0];
        if ((long) y.dim(0) * y.dim(2) * y.dim(3) > limit || (long) x.dim(0) * x.dim(2) * x.dim(3) > limit) {
            throw new IllegalArgumentException("conv2d: from " + x.shape() + " to " + y.shape() + " on cuda, expected"
                    + " at most " + limit + " positions in all images together; split the batch");
        }
        if (imageSize(x) > limit || imageSize(y) > limit) {
            throw new IllegalArgumentException("conv2d: from " + x.shape() + " to " + y.shape() + " on cuda, expected"
                    + " images of at most " + limit + " elements");
        }
    }

    /** Whether the convolution multiplies each image, as a matrix, by the weight. */
    private static boolean isProduct(Window2d window, int groups) {
        return groups == 1
                && window.kernelH() == 1
                && window.kernelW() == 1
                && window.strideH() == 1
                && window.strideW() == 1
                && window.paddingH() == 0
                && window.paddingW() == 0;
    }

    private static boolean isDirect(View weight, int groups) {
        return groups > 1 && weight.dim(1) <= FEW && weight.dim(0) / groups <= FEW;
    }

    /** How many images a launch of a direct kernel writes: it counts their elements in 32 bits. */
    private static int imagesOf(View result) {
        return (int) Math.max(1, LARGEST / Math.max(1, imageSize(result)));
    }

    private static int elements(View result, int images) {
        return Math.toIntExact(Math.min(images, imagesOf(result)) * imageSize(result));
    }

    private static long image(View view, int image) {
        return address(view) + image * imageSize(view) * view.dtype().bytes();
    }

    private static long imageSize(View view) {
        return (long) view.dim(1) * view.dim(2) * view.dim(3);
    }

    /** The largest tile that wastes little and gives every multiprocessor a block. */
    private int tile(int rows, long columns, long products) {
        int tile = 0;
        while (tile < TILES.length - 1 && (rows <= ROWS[tile + 1]
                || blocks(tile, rows, columns, products) < context.multiprocessors())) {
            tile++;
        }
        return tile;
    }

    private static long blocks(int tile, int rows, long columns, long products) {
        return Math.ceilDiv(rows, ROWS[tile]) * Math.ceilDiv(columns, (long) COLUMNS[tile]) * products;
    }

    private static int skip(int stride, int dilation) {
        int a = stride;
        int b = dilation;
        while (b != 0) {
            int rest = a % b;
            a = b;
            b = rest;
        }
        return stride / a;
    }

    /** Passes {@code Shape} and {@code Window}. */
    private static Launch shape(Launch launch, View x, View weight, Window2d window, int groups, View y) {
        launch.open(Integer.BYTES)
                .i32(x.dim(0))
                .i32(groups)
                .i32(weight.dim(1))
                .i32(weight.dim(0) / groups)
                .i32(x.dim(2))
                .i32(x.dim(3))
                .i32(y.dim(2))
                .i32(y.dim(3))
                .close();
        return CudaPool2d.window(launch, window);
    }
}
