package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Linear;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What docs/derivations/linear-layer.md states: the gradients of y = W x + b, of one example and of a batch. */
final class LinearLayerTest {
    private static final int BATCH = 5;

    private MemoryScope scope;
    private Device.Use use;
    private Tensor w;
    private Tensor b;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = Device.of(new ReferenceBackend()).use();
        Rng.seed(1);
        w = Tensor.of(new double[][] {{1, -2}, {3, 0.5}});
        b = Tensor.of(0.5, -1);
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
    }

    private static void equal(Tensor got, Tensor want) {
        assertThat(got.shape()).isEqualTo(want.shape());
        assertThat(got.toDoubleArray()).containsExactly(want.toDoubleArray(), within(1e-13));
    }

    @Test
    void oneExample() {
        Tensor x = Tensor.of(2.0, -1);
        Tensor dy = Tensor.of(0.5, -2);
        double[][] byIndex = new double[2][2];
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                byIndex[i][j] = dy.select(0, i).item() * x.select(0, j).item();
            }
        }
        Tensor dw = Autograd.vjp(v -> v.matmul(x).add(b), w, dy);
        equal(dw, Tensor.of(byIndex));
        equal(dw, dy.reshape(2, 1).matmul(x.reshape(1, 2)));
        equal(dw, Tensor.of(new double[][] {{1, -0.5}, {-4, 2}}));
        equal(Autograd.vjp(v -> w.matmul(x).add(v), b, dy), dy);
        Tensor dx = Autograd.vjp(v -> w.matmul(v).add(b), x, dy);
        equal(dx, w.transpose().matmul(dy));
        equal(dx, Tensor.of(-5.5, -2));
        GradientCheck.of(v -> v.get(0).matmul(v.get(1)).add(v.get(2)), w, x, b).orThrow();
    }

    /** ∂y_k/∂W_ij = 1{k=i} x_j, ∂y_k/∂b_i = 1{k=i}, ∂y_k/∂x_j = W_kj. */
    @Test
    void theJacobians() {
        double[] x = {2, -1};
        double[] jacobian = Autograd.jacobian(v -> v.matmul(Tensor.of(x)).add(b), w).toDoubleArray();
        for (int k = 0; k < 2; k++) {
            for (int i = 0; i < 2; i++) {
                for (int j = 0; j < 2; j++) {
                    assertThat(jacobian[(k * 2 + i) * 2 + j]).isEqualTo(k == i ? x[j] : 0);
                }
            }
        }
        equal(Autograd.jacobian(v -> w.matmul(Tensor.of(x)).add(v), b), Tensor.eye(2).to(DType.FLOAT64));
        equal(Autograd.jacobian(v -> w.matmul(v).add(b), Tensor.of(x)), w);
    }

    @Test
    void aBatchSumsItsExamples() {
        Linear layer = new Linear(3, 2);
        layer.weight().convertTo(DType.FLOAT64);
        layer.bias().convertTo(DType.FLOAT64);
        Tensor batch = Rng.normal(BATCH, 3).to(DType.FLOAT64).requireGrad();
        Tensor dy = Rng.normal(BATCH, 2).to(DType.FLOAT64);
        layer.call(batch).backward(dy);
        Tensor x = batch.detach();
        Tensor summedWeight = Tensor.zeros(2, 3).to(DType.FLOAT64);
        Tensor summedBias = Tensor.zeros(2).to(DType.FLOAT64);
        for (int n = 0; n < BATCH; n++) {
            summedWeight = summedWeight.add(dy.select(0, n).reshape(2, 1).matmul(x.select(0, n).reshape(1, 3)));
            summedBias = summedBias.add(dy.select(0, n));
        }
        equal(layer.weight().grad(), summedWeight);
        equal(layer.weight().grad(), dy.transpose().matmul(x));
        equal(layer.bias().grad(), summedBias);
        equal(batch.grad(), dy.matmul(layer.weight().detach()));
        GradientCheck.of(v -> v.get(0).linear(v.get(1), v.get(2)), x, layer.weight(), layer.bias()).orThrow();
    }

    /** Rows of examples turn y = W x + b into Y = X Wᵀ + b, the transpose of W times the examples as columns. */
    @Test
    void examplesAsRowsOrAsColumns() {
        Tensor x = Rng.normal(BATCH, 2).to(DType.FLOAT64);
        equal(x.linear(w, b), w.matmul(x.transpose()).transpose().add(b));
    }
}
