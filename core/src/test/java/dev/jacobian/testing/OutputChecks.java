package dev.jacobian.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.DeviceBuffer;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

/** Where kernels write: over their own input, into strided views, and nowhere else. */
final class OutputChecks {
    private static final Layout[] LAYOUTS = {Layout.DENSE, Layout.TRANSPOSED, Layout.SLICED, Layout.STEPPED};
    private static final double UNTOUCHED = 7;

    private final Device device;
    private final Backend backend;

    OutputChecks(Device device) {
        this.device = device;
        this.backend = device.backend();
    }

    /** A primitive of two inputs of one shape, and the type of its result. */
    private record Primitive(String name, DType result, Call call) {}

    private interface Call {
        void run(Backend backend, View a, View b, View out);
    }

    private static final List<Primitive> PRIMITIVES = List.of(
            new Primitive("fill", DType.FLOAT32, (backend, _, _, out) -> backend.fill(-3.25, out)),
            new Primitive("copy", DType.FLOAT32, (backend, a, _, out) -> backend.copy(a, out)),
            new Primitive("copy to int32", DType.INT32, (backend, a, _, out) -> backend.copy(a, out)),
            new Primitive("copy to bool", DType.BOOL, (backend, a, _, out) -> backend.copy(a, out)),
            new Primitive("unary", DType.FLOAT32, (backend, a, _, out) -> backend.unary(UnaryOp.SQUARE, a, out)),
            new Primitive("binary", DType.FLOAT32, (backend, a, b, out) -> backend.binary(BinaryOp.SUB, a, b, out)),
            new Primitive("binary, number", DType.FLOAT32,
                    (backend, a, _, out) -> backend.binary(BinaryOp.MUL, a, 0.1, out)),
            new Primitive("compare", DType.BOOL, (backend, a, b, out) -> backend.compare(CompareOp.LT, a, b, out)));

    void checkStridedOutputs(List<Integer> lengths) {
        for (int length : lengths.stream().filter(n -> n <= 1000).toList()) {
            for (int[] dims : new int[][] {{length}, {3, length}, {2, length, 2}}) {
                for (Primitive primitive : PRIMITIVES) {
                    for (Layout layout : LAYOUTS) {
                        strided(primitive, Shape.of(dims), layout);
                    }
                }
            }
        }
    }

    private void strided(Primitive primitive, Shape shape, Layout layout) {
        Layout lie = layout.fits(shape) ? layout : Layout.DENSE;
        double[] got = written(device, primitive, shape, lie);
        double[] want = written(OpChecks.REFERENCE, primitive, shape, lie);
        assertThat(got).as("%s into %s, %s: the elements and those around them", primitive.name, shape, lie)
                .isEqualTo(want);
    }

    /** The whole base of an output, of which a view was written to. */
    private static double[] written(Device on, Primitive primitive, Shape shape, Layout layout) {
        try (var _ = MemoryScope.open("of an output"); var _ = on.use()) {
            int size = Math.toIntExact(shape.size());
            Tensor a = new Sample.Input(DType.FLOAT32, shape, Domain.REAL.draw(size, "a")).tensor(DType.FLOAT32,
                    layout);
            Tensor b = new Sample.Input(DType.FLOAT32, shape, Domain.REAL.draw(size, "b")).tensor(DType.FLOAT32,
                    layout);
            Tensor base = Tensor.full(on, primitive.result, layout.base(shape), UNTOUCHED);
            primitive.call.run(on.backend(), a.view(), b.view(), layout.view(base, shape).view());
            return Numbers.elements(base);
        }
    }

    /** An elementwise operation may write over what it reads. */
    void checkInPlace(List<Integer> lengths) {
        for (int length : lengths) {
            for (Layout layout : LAYOUTS) {
                inPlace("unary", length, layout, (x, y) -> backend.unary(UnaryOp.EXP, x, x),
                        (x, y) -> x.exp());
                inPlace("binary, left", length, layout, (x, y) -> backend.binary(BinaryOp.SUB, x, y, x),
                        Tensor::sub);
                inPlace("binary, right", length, layout, (x, y) -> backend.binary(BinaryOp.SUB, y, x, x),
                        (x, y) -> y.sub(x));
                inPlace("binary, both", length, layout, (x, y) -> backend.binary(BinaryOp.MUL, x, x, x),
                        (x, y) -> x.mul(x));
                inPlace("binary, number", length, layout, (x, y) -> backend.binary(BinaryOp.DIV, x, 3, x),
                        (x, y) -> x.div(3));
                inPlace("where", length, layout, this::whereInPlace, (x, y) -> Tensor.where(y.gt(x), y, x));
            }
        }
    }

    private void whereInPlace(View x, View y) {
        Tensor condition = Tensor.empty(device, DType.BOOL, x.shape());
        backend.compare(CompareOp.GT, y, x, condition.view());
        backend.where(condition.view(), y, x, x);
    }

    private interface Expected {
        Tensor of(Tensor x, Tensor y);
    }

    private void inPlace(String name, int length, Layout layout, BiConsumer<View, View> call, Expected expected) {
        Shape shape = Shape.of(2, length);
        Layout lie = layout.fits(shape) ? layout : Layout.DENSE;
        try (var _ = MemoryScope.open("of an output"); var _ = device.use()) {
            double[] values = Domain.REAL.draw(2 * length, "x");
            Tensor x = new Sample.Input(DType.FLOAT32, shape, values).tensor(DType.FLOAT32, lie);
            Tensor y = new Sample.Input(DType.FLOAT32, shape, Domain.REAL.draw(2 * length, "y")).tensor(DType.FLOAT32,
                    lie);
            float[] want = expected.of(x, y).toArray();
            call.accept(x.view(), y.view());
            assertThat(x.toArray()).as("%s in place, %s, %s", name, shape, lie).isEqualTo(want);
        }
    }

    /** Reductions into strided results. */
    void checkReductions() {
        for (Device on : List.of(device, OpChecks.REFERENCE)) {
            try (var _ = MemoryScope.open("of an output"); var _ = on.use()) {
                Tensor x = Tensor.arange(60).to(DType.FLOAT32).reshape(3, 4, 5);
                Tensor base = Tensor.full(on, DType.FLOAT32, Shape.of(3, 1, 10), UNTOUCHED);
                on.backend().reduce(ReduceOp.SUM, x.view(), base.slice(2, 0, 10, 2).view());
                Tensor at = Tensor.full(on, DType.INT32, Shape.of(3, 4, 2), UNTOUCHED);
                on.backend().argReduce(ReduceOp.MIN, x.view(), 2, at.slice(2, 1, 2).view());
                double[] sums = base.toDoubleArray();
                for (int i = 0; i < sums.length; i++) {
                    double first = i / 10 * 20 + i % 10 / 2;
                    assertThat(sums[i]).isEqualTo(i % 2 == 1 ? UNTOUCHED : 4 * first + 30);
                }
                int[] positions = at.toIntArray();
                for (int i = 0; i < positions.length; i++) {
                    assertThat(positions[i]).isEqualTo(i % 2 == 1 ? 0 : (int) UNTOUCHED);
                }
            }
        }
    }

    /** Bytes go up and down at any offset. */
    void checkTransfers() {
        DeviceBuffer buffer = backend.allocate(1000);
        try {
            assertThat(buffer.bytes()).isGreaterThanOrEqualTo(1000);
            byte[] sent = new byte[777];
            for (int i = 0; i < sent.length; i++) {
                sent[i] = (byte) (i * 31);
            }
            MemorySegment source = MemorySegment.ofArray(sent.clone());
            backend.upload(source, buffer, 13);
            source.fill((byte) 0); // it may be changed at once
            byte[] received = new byte[770];
            backend.download(buffer, 20, MemorySegment.ofArray(received));
            assertThat(received).isEqualTo(Arrays.copyOfRange(sent, 7, 777));
        } finally {
            backend.free(buffer);
        }
    }
}
