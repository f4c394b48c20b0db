package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.data.Offset.offset;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.testing.DelegatingBackend;
import dev.jacobian.testing.ReferenceBackend;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Values and types: what goes in, what comes out, what is refused. */
final class TensorValueTest {
    private final Backend backend = new ReferenceBackend();
    private final Device device = Device.of(backend);
    private Device.Use use;

    @BeforeEach
    void use() {
        use = device.use();
    }

    @AfterEach
    void close() {
        use.close();
    }

    private static void refused(Supplier<?> call, String... parts) {
        assertThatIllegalArgumentException().isThrownBy(call::get)
                .satisfies(error -> assertThat(error).hasMessageContainingAll(parts));
    }

    @Test
    void factories() {
        assertThat(Tensor.zeros(2, 2).toArray()).containsExactly(0, 0, 0, 0);
        assertThat(Tensor.full(2.5, 3).toArray()).containsExactly(2.5f, 2.5f, 2.5f);
        assertThat(Tensor.eye(2).toArray()).containsExactly(1, 0, 0, 1);
        assertThat(Tensor.diag(Tensor.of(2.0, 3.0)).toDoubleArray()).containsExactly(2, 0, 0, 3);
        assertThat(Tensor.linspace(-1, 1, 5).toArray()).containsExactly(-1, -0.5f, 0, 0.5f, 1);
        assertThat(Tensor.linspace(4, 9, 1).toArray()).containsExactly(4);
        assertThat(Tensor.arange(3).toIntArray()).containsExactly(0, 1, 2);
        assertThat(Tensor.arange(0).size()).isZero();
        assertThat(Tensor.scalar(3).shape()).isEqualTo(Shape.SCALAR);
        assertThat(Tensor.of(new int[][] {{1, 2}, {3, 4}}).transpose().toIntArray()).containsExactly(1, 3, 2, 4);
        assertThat(Tensor.of(new double[][] {{1, 2}}).dtype()).isEqualTo(DType.FLOAT64);
        assertThat(Tensor.of(new float[][] {}).shape()).isEqualTo(Shape.of(0, 0));
        assertThat(Tensor.of(true, false).toBooleanArray()).containsExactly(true, false);
        assertThat(Tensor.of(1f).zerosLike().item()).isZero();
        assertThat(Tensor.of(7).onesLike().dtype()).isEqualTo(DType.INT32);
        assertThat(Tensor.of(0, 2, 5, -1).oneHot(3).toArray()).containsExactly(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void arraysComeOutInRowMajorOrderWhateverTheView() {
        Tensor x = Tensor.of(new float[][] {{1, 2, 3}, {4, 5, 6}});
        assertThat(x.transpose().toArray()).containsExactly(1, 4, 2, 5, 3, 6);
        assertThat(x.slice(1, 1, 3).toDoubleArray()).containsExactly(2, 3, 5, 6);
        assertThat(x.select(1, 0).expand(2, 2).toArray()).containsExactly(1, 4, 1, 4);
        assertThat(Tensor.of(Integer.MAX_VALUE, 16777217).toDoubleArray()).containsExactly(Integer.MAX_VALUE, 16777217);
        assertThat(Tensor.of(0.1).toArray()).containsExactly(0.1f);
        assertThat(Tensor.of(true).toArray()).containsExactly(1);
        refused(() -> x.toIntArray(), "toIntArray", "float32", "int32");
        refused(() -> x.toBooleanArray(), "toBooleanArray", "float32", "bool");
    }

    @Test
    void itemIsOfOneElement() {
        assertThat(Tensor.of(new float[][] {{5}}).item()).isEqualTo(5);
        assertThat(Tensor.of(true).item()).isEqualTo(1);
        assertThat(Tensor.of(3).item()).isEqualTo(3);
        assertThatIllegalStateException().isThrownBy(() -> Tensor.ones(2, 2).item())
                .withMessageContaining("item: shape [2, 2]");
        assertThatIllegalStateException().isThrownBy(() -> Tensor.ones(0).item()).withMessageContaining("[0]");
    }

    @Test
    void typesMeetInTheWider() {
        Tensor bool = Tensor.of(true, false);
        Tensor ints = Tensor.of(2, 3);
        Tensor floats = Tensor.of(0.5f, 1.5f);
        Tensor doubles = Tensor.of(0.1, 0.2);
        assertThat(bool.add(ints).dtype()).isEqualTo(DType.INT32);
        assertThat(ints.mul(floats).toArray()).containsExactly(1, 4.5f);
        assertThat(floats.sub(doubles).dtype()).isEqualTo(DType.FLOAT64);
        assertThat(bool.lt(doubles).toBooleanArray()).containsExactly(false, true);
        assertThat(Tensor.concat(0, ints, floats).dtype()).isEqualTo(DType.FLOAT32);
        assertThat(Tensor.where(bool, ints, doubles).dtype()).isEqualTo(DType.FLOAT64);
        assertThat(ints.add(1).dtype()).isEqualTo(DType.INT32);
        assertThat(ints.add(0.5).toArray()).containsExactly(2.5f, 3.5f);
        assertThat(ints.lt(2.5).toBooleanArray()).containsExactly(true, false);
        assertThat(bool.mul(Tensor.of(true, true)).dtype()).isEqualTo(DType.BOOL);
        assertThat(bool.sum().toIntArray()).containsExactly(1);
        assertThat(ints.mean().item()).isEqualTo(2.5);
        assertThat(ints.matmul(floats).item()).isEqualTo(5.5);
    }

    @Test
    void wrongTypesAreRefused() {
        Tensor ints = Tensor.of(1, 2);
        Tensor bool = Tensor.of(true, false);
        refused(ints::exp, "exp", "int32");
        refused(bool::neg, "neg", "bool");
        refused(ints::not, "not", "int32");
        refused(() -> ints.div(ints), "div", "int32");
        refused(() -> bool.add(bool), "add", "bool");
        refused(() -> bool.max(0), "max", "bool");
        refused(() -> ints.softmax(0), "softmax", "int32");
        refused(() -> ints.logSoftmax(0), "log softmax", "int32");
        refused(() -> ints.matmul(ints), "matmul", "int32");
        refused(() -> Tensor.where(ints, ints, ints), "where", "int32", "bool");
        refused(() -> ints.gather(0, Tensor.of(1f, 0f)), "gather", "float32", "int32");
        refused(() -> ints.indexSelect(0, Tensor.of(1f)), "index select", "float32");
        refused(() -> Tensor.ones(2).oneHot(2), "one hot", "float32");
        refused(ints::requireGrad, "requireGrad", "int32");
        refused(() -> Tensor.ones(2, 2).crossEntropy(Tensor.ones(2), 0, 0), "cross entropy", "float32", "int32");
        refused(() -> Tensor.ones(2, 2).softmaxMargin(Tensor.ones(2), 1), "softmax margin", "float32", "int32");
        refused(() -> Tensor.ones(2, 2).linear(Tensor.of(new double[][] {{1, 2}}), null), "linear", "float32",
                "float64");
        refused(() -> Tensor.ones(0, 3).argmax(0), "argmax", "[0, 3]");
    }

    @Test
    void aDeviceWithoutFloat64SaysSo() {
        Device narrow = Device.of(new DelegatingBackend(backend) {
            @Override
            public boolean supports(DType dtype) {
                return dtype != DType.FLOAT64;
            }
        });
        try (var _ = narrow.use()) {
            refused(() -> Tensor.of(1.0), "float64", "not supported on reference");
            refused(() -> Tensor.of(1f).to(DType.FLOAT64), "float64");
            assertThat(Tensor.of(1f).exp().item()).isCloseTo(Math.E, offset(1e-6));
        }
    }

    @Test
    void devicesDoNotMix() {
        Device other = Device.of(new ReferenceBackend());
        Tensor here = Tensor.of(1f, 2f);
        Tensor there = here.to(other);
        assertThat(there.device()).isSameAs(other);
        assertThat(there.toArray()).containsExactly(1, 2);
        assertThat(here.to(device)).isSameAs(here);
        assertThat(here.slice(0, 1, 2).to(other).toArray()).containsExactly(2);
        assertThat(Tensor.ones(0).to(other).size()).isZero();
        refused(() -> here.add(there), "add", "different devices");
    }

    @Test
    void maskingAndClamping() {
        Tensor x = Tensor.of(-2f, Float.NaN, 0.5f, 3f);
        assertThat(x.clamp(-1, 1).toArray()).containsExactly(-1, Float.NaN, 0.5f, 1);
        assertThat(x.maskedFill(x.gt(0), 9).toArray()).containsExactly(-2, Float.NaN, 9, 9);
        assertThat(x.ne(x).toBooleanArray()).containsExactly(false, true, false, false);
        assertThat(Tensor.of(-2, 0, 7).clamp(-1, 5).toArray()).containsExactly(-1, 0, 5);
        assertThat(Tensor.ones(2, 1).maskedFill(Tensor.of(true, false), 0).shape()).isEqualTo(Shape.of(2, 2));
    }

    @Test
    void statisticsOfFewElements() {
        assertThat(Tensor.of(1f, 2f, 4f).variance().item()).isCloseTo(7.0 / 3, offset(1e-6));
        assertThat(Tensor.of(3f).variance().item()).isNaN();
        assertThat(Tensor.ones(0).mean().item()).isNaN();
        assertThat(Tensor.ones(0).sum().item()).isZero();
        assertThat(Tensor.ones(0).max().item()).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(Tensor.of(1f, 1f).logSumExp(0, true).item())
                .isCloseTo(1 + Math.log(2), offset(1e-6));
    }

    @Test
    void printsAsNumPyDoes() {
        assertThat(Tensor.of(new float[][] {{1, -0.5f}, {0, 1.0f / 3}}))
                .hasToString("[[1.000000, -0.500000], [0.000000, 0.333333]]");
        assertThat(Tensor.of(1, -2)).hasToString("[1, -2]");
        assertThat(Tensor.of(true, false)).hasToString("[true, false]");
        assertThat(Tensor.scalar(2)).hasToString("2.000000");
        assertThat(Tensor.ones(0, 2)).hasToString("[]");
        assertThat(Tensor.of(Float.NaN, Float.POSITIVE_INFINITY)).hasToString("[NaN, Infinity]");
        assertThat(Tensor.of(1e-6f, 2e-5f)).hasToString("[1.000000e-06, 2.000000e-05]");
        assertThat(Tensor.of(3e7f)).hasToString("[3.000000e+07]");
        assertThat(Tensor.arange(2000)).hasToString("[0, 1, 2, ..., 1997, 1998, 1999]");
        assertThat(Tensor.zeros(2, 1000).toString()).containsOnlyOnce("], [").contains("..., ").hasSizeLessThan(200);
    }

    @Test
    void useAfterCloseNamesShapeOperationAndScope() {
        Tensor dead;
        Tensor made;
        try (var _ = MemoryScope.open("of the epoch")) {
            dead = Tensor.ones(2, 3);
            made = dead.detach().requireGrad().relu();
        }
        assertThat(dead.isAlive()).isFalse();
        for (Function<Tensor, ?> call : List.<Function<Tensor, ?>>of(Tensor::exp, Tensor::toArray, Tensor::detach,
                v -> v.slice(0, 0, 1), v -> Tensor.ones(3).add(v), v -> v.sum().item())) {
            assertThatIllegalStateException().isThrownBy(() -> call.apply(dead)).withMessageContaining("[2, 3]")
                    .withMessageContaining("memory scope of the epoch").withMessageContaining("MemoryScope.keep");
        }
        assertThatIllegalStateException().isThrownBy(made::exp).withMessageContaining("exp: input 0")
                .withMessageContaining("made by relu");
        assertThat(dead.toString()).isEqualTo("float32 [2, 3] (closed)");
    }
}
