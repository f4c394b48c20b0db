package dev.jacobian.cuda;

import static dev.jacobian.cuda.ElementKernel.address;
import static dev.jacobian.cuda.ElementKernel.isAligned;
import static dev.jacobian.cuda.ElementKernel.ofType;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Launch;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** Functions of one, two and three elements: {@code elementwise*.cu}. */
final class CudaElementwise {
    private static final DType[] TYPES = {DType.FLOAT32, DType.INT32, DType.BOOL};
    private static final int BOOL_BYTES = 1;

    private final CudaContext context;
    private final Map<UnaryOp, Map<DType, ElementKernel>> unary = new EnumMap<>(UnaryOp.class);
    private final Map<BinaryOp, Map<DType, ElementKernel>> binary = new EnumMap<>(BinaryOp.class);
    private final Map<CompareOp, Map<DType, ElementKernel>> compare = new EnumMap<>(CompareOp.class);
    private final ElementKernel whereWord;
    private final ElementKernel whereBool;

    CudaElementwise(CudaContext context) {
        this.context = context;
        for (UnaryOp op : UnaryOp.values()) {
            unary.put(op, kernels(op.name(), dtype -> ElementFiles.of(op, dtype)));
        }
        for (BinaryOp op : BinaryOp.values()) {
            binary.put(op, kernels(op.name(), dtype -> ElementFiles.of(op, dtype)));
        }
        for (CompareOp op : CompareOp.values()) {
            compare.put(op, kernels(ordered(op), _ -> ElementFiles.COMPARE));
        }
        whereWord = ElementKernel.of(context, ElementFiles.COMPARE, "elementwise_where_word");
        whereBool = ElementKernel.of(context, ElementFiles.COMPARE, "elementwise_where_bool");
    }

    /** The kernels of the types that have the function. */
    private Map<DType, ElementKernel> kernels(String op, Function<DType, String> files) {
        Map<DType, ElementKernel> kernels = new EnumMap<>(DType.class);
        for (DType dtype : TYPES) {
            String file = files.apply(dtype);
            if (file != null) {
                String name = "elementwise_" + op.toLowerCase(Locale.ROOT) + "_" + dtype;
                kernels.put(dtype, ElementKernel.of(context, file, name));
            }
        }
        return kernels;
    }

    /** The kernel's comparison, with the operands exchanged for &gt; and ≥. */
    private static String ordered(CompareOp op) {
        return switch (op) {
            case EQ -> "eq";
            case NE -> "ne";
            case LT, GT -> "lt";
            case LE, GE -> "le";
        };
    }

    /** out = op(x). */
    void unary(UnaryOp op, View x, View out) {
        ElementKernel kernel = ofType(unary, op, out.dtype());
        int bytes = out.dtype().bytes();
        if (x.isContiguous() && out.isContiguous()) {
            unaryDense(kernel, bytes, out.size(), address(out), address(x));
            return;
        }
        Axes axes = Axes.of(out, x);
        if (axes.isDense()) {
            unaryDense(kernel, bytes, axes.size(), axes.address(0), axes.address(1));
            return;
        }
        int fours = axes.groupByFour();
        while (axes.next()) {
            Launch launch = context.launch(kernel.strided()).address(axes.address(0)).address(axes.address(1));
            ElementKernel.runStrided(launch, axes, fours);
        }
    }

    private void unaryDense(ElementKernel kernel, int bytes, long n, long out, long x) {
        ElementKernel.runDense(context.launch(kernel.dense()).address(out).address(x), n, isAligned(out | x, bytes));
    }

    /** out = op(a, b). */
    void binary(BinaryOp op, View a, View b, View out) {
        binary(ofType(binary, op, out.dtype()), a, b, out);
    }

    /** out = op(a, b) for one number b, converted to the type first. */
    void binary(BinaryOp op, View a, double b, View out) {
        if (op == BinaryOp.POW && b == 2) {
            unary(UnaryOp.SQUARE, a, out); // rounded correctly, and many times as fast
            return;
        }
        ElementKernel kernel = ofType(binary, op, out.dtype());
        int bytes = out.dtype().bytes();
        int bits = CudaCopy.bits(b, out.dtype());
        if (a.isContiguous() && out.isContiguous()) {
            binaryDense(kernel, out.size(), address(out), bytes, address(a), 0, bytes, bits);
            return;
        }
        // The second operand is never read, but the kernel's axes have three.
        Axes axes = Axes.of(out, a, a);
        if (axes.isDense()) {
            binaryDense(kernel, axes.size(), axes.address(0), bytes, axes.address(1), 0, bytes, bits);
            return;
        }
        int fours = axes.groupByFour();
        while (axes.next()) {
            Launch launch = context.launch(kernel.strided());
            launch.address(axes.address(0)).address(axes.address(1)).address(0).i32(bits);
            ElementKernel.runStrided(launch, axes, fours);
        }
    }

    /** out = a op b, as bool. */
    void compare(CompareOp op, View a, View b, View out) {
        ElementKernel kernel = ofType(compare, op, a.dtype());
        boolean exchanged = op == CompareOp.GT || op == CompareOp.GE;
        binary(kernel, exchanged ? b : a, exchanged ? a : b, out);
    }

    private void binary(ElementKernel kernel, View a, View b, View out) {
        int outBytes = out.dtype().bytes();
        int bytes = a.dtype().bytes();
        if (a.isContiguous() && b.isContiguous() && out.isContiguous()) {
            binaryDense(kernel, out.size(), address(out), outBytes, address(a), address(b), bytes, 0);
            return;
        }
        Axes axes = Axes.of(out, a, b);
        if (axes.isDense()) {
            long n = axes.size();
            binaryDense(kernel, n, axes.address(0), outBytes, axes.address(1), axes.address(2), bytes, 0);
            return;
        }
        int fours = axes.groupByFour();
        while (axes.next()) {
            Launch launch = context.launch(kernel.strided());
            launch.address(axes.address(0)).address(axes.address(1)).address(axes.address(2)).i32(0);
            ElementKernel.runStrided(launch, axes, fours);
        }
    }

    private void binaryDense(ElementKernel kernel, long n, long out, int outBytes, long a, long b, int bytes,
            int bits) {
        Launch launch = context.launch(kernel.dense()).address(out).address(a).address(b).i32(bits);
        ElementKernel.runDense(launch, n, isAligned(out, outBytes) && isAligned(a | b, bytes));
    }

    /** out = condition ? a : b. */
    void where(View condition, View a, View b, View out) {
        int bytes = out.dtype().bytes();
        ElementKernel kernel = bytes == BOOL_BYTES ? whereBool : whereWord;
        if (condition.isContiguous() && a.isContiguous() && b.isContiguous() && out.isContiguous()) {
            whereDense(kernel, bytes, out.size(), address(out), address(condition), address(a), address(b));
            return;
        }
        Axes axes = Axes.of(out, condition, a, b);
        if (axes.isDense()) {
            whereDense(kernel, bytes, axes.size(), axes.address(0), axes.address(1), axes.address(2), axes.address(3));
            return;
        }
        int fours = axes.groupByFour();
        while (axes.next()) {
            Launch launch = context.launch(kernel.strided());
            launch.address(axes.address(0)).address(axes.address(1)).address(axes.address(2)).address(axes.address(3));
            ElementKernel.runStrided(launch, axes, fours);
        }
    }

    private void whereDense(ElementKernel kernel, int bytes, long n, long out, long condition, long a, long b) {
        Launch launch = context.launch(kernel.dense()).address(out).address(condition).address(a).address(b);
        ElementKernel.runDense(launch, n, isAligned(out | a | b, bytes) && isAligned(condition, BOOL_BYTES));
    }
}
