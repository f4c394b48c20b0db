package dev.jacobian.testing;

import static dev.jacobian.testing.ReferenceFunctions.apply;
import static dev.jacobian.testing.ReferenceFunctions.convert;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.DeviceBuffer;
import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.backend.Philox;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The definition of every primitive: plain loops over row-major positions. Elements of every type are read as double,
 * which holds each of their values exactly; results are computed in double (in int for int32, which wraps around) and
 * rounded once, when they are stored. Other backends are compared with this one.
 */
public final class ReferenceBackend implements Backend {
    @Override
    public String name() {
        return "reference";
    }

    @Override
    public String describe() {
        return "reference (plain loops in double precision)";
    }

    @Override
    public boolean supports(DType dtype) {
        return true;
    }

    /** None: fused operations are defined by their decompositions. */
    @Override
    public <K> K kernel(Class<K> kind, DType dtype) {
        return null;
    }

    @Override
    public DeviceBuffer allocate(long bytes) {
        HostBuffer buffer = HostBuffer.allocate(bytes);
        // All ones are NaN as floating point and -1 as int32: what is read before it was written shows in the result.
        buffer.segment().fill((byte) 0xFF);
        return buffer;
    }

    @Override
    public void free(DeviceBuffer buffer) {
        ((HostBuffer) buffer).free();
    }

    @Override
    public void upload(MemorySegment source, DeviceBuffer target, long targetOffset) {
        MemorySegment.copy(source, 0, memory(target), targetOffset, source.byteSize());
    }

    @Override
    public void download(DeviceBuffer source, long sourceOffset, MemorySegment target) {
        MemorySegment.copy(memory(source), sourceOffset, target, 0, target.byteSize());
    }

    /** Returns at once: every method has done its work when it returns. */
    @Override
    public void synchronize() {}

    @Override
    public void fill(double value, View out) {
        for (long i = 0; i < out.size(); i++) {
            set(out, i, value);
        }
    }

    @Override
    public void copy(View x, View out) {
        assert x.shape().equals(out.shape()) : "copy: got " + x.shape() + " for " + out.shape();
        for (long i = 0; i < out.size(); i++) {
            set(out, i, get(x, i));
        }
    }

    @Override
    public void unary(UnaryOp op, View x, View out) {
        assert fits(x, out) : "unary: " + mismatch(x, out);
        for (long i = 0; i < out.size(); i++) {
            set(out, i, apply(op, out.dtype(), get(x, i)));
        }
    }

    @Override
    public void binary(BinaryOp op, View a, View b, View out) {
        assert fits(a, out) : "binary, left: " + mismatch(a, out);
        assert fits(b, out) : "binary, right: " + mismatch(b, out);
        for (long i = 0; i < out.size(); i++) {
            set(out, i, apply(op, out.dtype(), get(a, i), get(b, i)));
        }
    }

    @Override
    public void binary(BinaryOp op, View a, double b, View out) {
        assert fits(a, out) : "binary: " + mismatch(a, out);
        double converted = convert(b, out.dtype());
        for (long i = 0; i < out.size(); i++) {
            set(out, i, apply(op, out.dtype(), get(a, i), converted));
        }
    }

    @Override
    public void compare(CompareOp op, View a, View b, View out) {
        assert fits(a, b) : "compare: " + mismatch(a, b);
        assert isOf(DType.BOOL, a.shape(), out) : "compare: the result must be bool " + a.shape();
        for (long i = 0; i < out.size(); i++) {
            double left = get(a, i);
            double right = get(b, i);
            boolean holds = switch (op) {
                case EQ -> left == right;
                case NE -> left != right;
                case LT -> left < right;
                case LE -> left <= right;
                case GT -> left > right;
                case GE -> left >= right;
            };
            set(out, i, holds ? 1 : 0);
        }
    }

    @Override
    public void where(View condition, View a, View b, View out) {
        assert isOf(DType.BOOL, out.shape(), condition) : "where: the condition must be bool " + out.shape();
        assert fits(a, out) : "where, true: " + mismatch(a, out);
        assert fits(b, out) : "where, false: " + mismatch(b, out);
        for (long i = 0; i < out.size(); i++) {
            set(out, i, get(condition, i) != 0 ? get(a, i) : get(b, i));
        }
    }

    @Override
    public void reduce(ReduceOp op, View x, View out) {
        assert x.rank() == out.rank() && x.dtype() == out.dtype() : "reduce: " + mismatch(x, out);
        DType dtype = out.dtype();
        View rows = reducedAxesLast(x, out.shape());
        long length = out.size() == 0 ? 0 : x.size() / out.size();
        for (long i = 0; i < out.size(); i++) {
            double result = ofNone(op, dtype);
            for (long j = 0; j < length; j++) {
                double element = get(rows, i * length + j);
                result = switch (op) {
                    case SUM -> apply(BinaryOp.ADD, dtype, result, element);
                    case MAX -> apply(BinaryOp.MAXIMUM, dtype, result, element);
                    case MIN -> apply(BinaryOp.MINIMUM, dtype, result, element);
                };
            }
            set(out, i, result);
        }
    }

    /** What a reduction makes of no elements. */
    private static double ofNone(ReduceOp op, DType dtype) {
        return switch (op) {
            case SUM -> 0;
            case MAX -> dtype == DType.BOOL ? 0 : convert(Double.NEGATIVE_INFINITY, dtype);
            case MIN -> convert(Double.POSITIVE_INFINITY, dtype);
        };
    }

    /** The axes in an order in which all elements that make one result follow one another. */
    private static View reducedAxesLast(View x, Shape reduced) {
        int[] order = new int[x.rank()];
        int next = 0;
        for (int axis = 0; axis < order.length; axis++) {
            if (x.dim(axis) == reduced.dim(axis)) {
                order[next++] = axis;
            }
        }
        for (int axis = 0; axis < order.length; axis++) {
            if (x.dim(axis) != reduced.dim(axis)) {
                assert reduced.dim(axis) == 1 : "reduce: got " + x.shape() + " for " + reduced;
                order[next++] = axis;
            }
        }
        return x.permute(order);
    }

    @Override
    public void argReduce(ReduceOp op, View x, int axis, View out) {
        assert isOf(DType.INT32, x.shape().with(axis, 1), out) : "argReduce: got " + x.shape() + " for " + out.shape();
        int length = x.dim(axis);
        long inner = sizeAfter(x, axis);
        for (long i = 0; i < out.size(); i++) {
            long first = i / inner * length * inner + i % inner;
            int found = 0;
            for (int j = 1; j < length; j++) {
                if (beats(op, get(x, first + j * inner), get(x, first + found * inner))) {
                    found = j;
                }
            }
            set(out, i, found);
        }
    }

    private static boolean beats(ReduceOp op, double candidate, double best) {
        if (Double.isNaN(candidate) || Double.isNaN(best)) {
            return !Double.isNaN(best);
        }
        return switch (op) {
            case MAX -> candidate > best;
            case MIN -> candidate < best;
            case SUM -> throw new IllegalArgumentException("argReduce: got SUM, expected MAX or MIN");
        };
    }

    @Override
    public void matmul(View a, View b, View out, boolean accumulate) {
        assert a.dtype() == out.dtype() && b.dtype() == out.dtype() : "matmul: " + mismatch(a, b);
        assert out.isContiguous() : "matmul: the result must be dense";
        DType dtype = out.dtype();
        int m = out.dim(-2);
        int n = out.dim(-1);
        int inner = a.dim(-1);
        for (long i = 0; i < out.size(); i++) {
            long row = i / n;
            long batch = row / m;
            double sum = accumulate ? get(out, i) : 0;
            for (int k = 0; k < inner; k++) {
                double left = get(a, row * inner + k);
                double right = get(b, (batch * inner + k) * n + i % n);
                sum = apply(BinaryOp.ADD, dtype, sum, apply(BinaryOp.MUL, dtype, left, right));
            }
            set(out, i, sum);
        }
    }

    @Override
    public void gather(View x, int axis, View index, View out) {
        assert x.dtype() == out.dtype() : "gather: " + mismatch(x, out);
        assert isOf(DType.INT32, out.shape(), index) : "gather: the index must be int32 " + out.shape();
        for (long i = 0; i < out.size(); i++) {
            set(out, i, get(x, indexed("gather", x, axis, index, i)));
        }
    }

    @Override
    public void scatterAdd(View x, int axis, View index, View out) {
        assert x.dtype() == out.dtype() : "scatterAdd: " + mismatch(x, out);
        assert isOf(DType.INT32, x.shape(), index) : "scatterAdd: the index must be int32 " + x.shape();
        for (long i = 0; i < x.size(); i++) {
            long target = indexed("scatterAdd", out, axis, index, i);
            set(out, target, apply(BinaryOp.ADD, out.dtype(), get(out, target), get(x, i)));
        }
    }

    /** The position in what is indexed that position i of the index tensor points to. */
    private static long indexed(String operation, View target, int axis, View index, long i) {
        int length = target.dim(axis);
        long inner = sizeAfter(index, axis);
        long outer = i / inner / index.dim(axis);
        int at = (int) get(index, i);
        if (at < 0 || at >= length) {
            throw new IndexRangeException(operation, at, i, length);
        }
        return (outer * length + at) * inner + i % inner;
    }

    @Override
    public void random(Distribution distribution, RandomKey key, View out) {
        assert out.dtype().isFloating() && out.isContiguous() : "random: the result must be floating and dense";
        int step = (int) get(key.step(), 0);
        int[] words = new int[4];
        for (long i = 0; i < out.size(); i++) {
            Philox.block(key.seed(), key.stream(), step, (int) (i / 4), words);
            int word = words[(int) (i % 4)];
            set(out, i, switch (distribution) {
                case UNIFORM -> Philox.uniform(word);
                case NORMAL -> Philox.normal(word);
            });
        }
    }

    /** The element at a row-major position; bool is 0 or 1. */
    private static double get(View view, long position) {
        MemorySegment memory = memory(view.buffer());
        long at = address(view, position);
        return switch (view.dtype()) {
            case FLOAT32 -> memory.getAtIndex(ValueLayout.JAVA_FLOAT, at);
            case FLOAT64 -> memory.getAtIndex(ValueLayout.JAVA_DOUBLE, at);
            case INT32 -> memory.getAtIndex(ValueLayout.JAVA_INT, at);
            case BOOL -> memory.getAtIndex(ValueLayout.JAVA_BYTE, at);
        };
    }

    private static void set(View view, long position, double value) {
        MemorySegment memory = memory(view.buffer());
        long at = address(view, position);
        switch (view.dtype()) {
            case FLOAT32 -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) value);
            case FLOAT64 -> memory.setAtIndex(ValueLayout.JAVA_DOUBLE, at, value);
            case INT32 -> memory.setAtIndex(ValueLayout.JAVA_INT, at, (int) value);
            case BOOL -> memory.setAtIndex(ValueLayout.JAVA_BYTE, at, (byte) (value != 0 ? 1 : 0));
        }
    }

    private static long address(View view, long position) {
        long address = view.offset();
        if (view.isContiguous()) {
            return address + position;
        }
        long rest = position;
        for (int axis = view.rank() - 1; axis >= 0; axis--) {
            address += rest % view.dim(axis) * view.stride(axis);
            rest /= view.dim(axis);
        }
        return address;
    }

    private static MemorySegment memory(DeviceBuffer buffer) {
        return ((HostBuffer) buffer).segment();
    }

    private static long sizeAfter(View view, int axis) {
        long size = 1;
        for (int i = axis + 1; i < view.rank(); i++) {
            size *= view.dim(i);
        }
        return size;
    }

    private static boolean fits(View x, View out) {
        return isOf(out.dtype(), out.shape(), x);
    }

    private static boolean isOf(DType dtype, Shape shape, View view) {
        return view.dtype() == dtype && view.shape().equals(shape);
    }

    private static String mismatch(View x, View out) {
        return "got " + x.dtype() + " " + x.shape() + " for " + out.dtype() + " " + out.shape();
    }
}
