package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.autograd.GradientCheck;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What docs/derivations/matrix-product.md states: the gradients of Z = X W. */
final class MatrixProductTest {
    private static final int B = 4;
    private static final int D = 3;
    private static final int E = 2;

    private MemoryScope scope;
    private Device.Use use;
    private Tensor x;
    private Tensor w;
    private Tensor dz;
    private Tensor dx;
    private Tensor dw;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = Device.of(new ReferenceBackend()).use();
        Rng.seed(1);
        x = Rng.normal(B, D).to(DType.FLOAT64);
        w = Rng.normal(D, E).to(DType.FLOAT64);
        dz = Rng.normal(B, E).to(DType.FLOAT64);
        dx = Autograd.vjp(v -> v.matmul(w), x, dz);
        dw = Autograd.vjp(v -> x.matmul(v), w, dz);
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
    }

    private static double at(Tensor matrix, int row, int column) {
        return matrix.select(0, row).select(0, column).item();
    }

    private static void equal(Tensor got, Tensor want) {
        assertThat(got.shape()).isEqualTo(want.shape());
        assertThat(got.toDoubleArray()).containsExactly(want.toDoubleArray(), within(1e-13));
    }

    /** ∂Z_kl/∂X_ij = 1{k=i} W_jl, as the sum over t of 1{k=i} 1{t=j} W_tl. */
    private double slopeByX(int k, int l, int i, int j) {
        double sum = 0;
        for (int t = 0; t < D; t++) {
            sum += k == i && t == j ? at(w, t, l) : 0;
        }
        return sum;
    }

    private double slopeByW(int k, int l, int i, int j) {
        double sum = 0;
        for (int t = 0; t < D; t++) {
            sum += t == i && l == j ? at(x, k, t) : 0;
        }
        return sum;
    }

    @Test
    void theJacobiansAreWhatTheIndicatorsSay() {
        double[] byX = Autograd.jacobian(v -> v.matmul(w), x).toDoubleArray();
        double[] byW = Autograd.jacobian(v -> x.matmul(v), w).toDoubleArray();
        for (int k = 0; k < B; k++) {
            for (int l = 0; l < E; l++) {
                for (int j = 0; j < D; j++) {
                    for (int i = 0; i < B; i++) {
                        assertThat(byX[((k * E + l) * B + i) * D + j]).isEqualTo(slopeByX(k, l, i, j));
                    }
                    for (int e = 0; e < E; e++) {
                        assertThat(byW[((k * E + l) * D + j) * E + e]).isEqualTo(slopeByW(k, l, j, e));
                    }
                }
            }
        }
    }

    @Test
    void entrywiseSumsMatrixFormAndAutogradAgree() {
        double[][] sumsX = new double[B][D];
        double[][] sumsW = new double[D][E];
        for (int k = 0; k < B; k++) {
            for (int l = 0; l < E; l++) {
                for (int j = 0; j < D; j++) {
                    for (int i = 0; i < B; i++) {
                        sumsX[i][j] += at(dz, k, l) * slopeByX(k, l, i, j);
                    }
                    for (int e = 0; e < E; e++) {
                        sumsW[j][e] += at(dz, k, l) * slopeByW(k, l, j, e);
                    }
                }
            }
        }
        equal(dx, Tensor.of(sumsX));
        equal(dw, Tensor.of(sumsW));
        equal(dx, dz.matmul(w.transpose()));
        equal(dw, x.transpose().matmul(dz));
        GradientCheck.of(v -> v.get(0).matmul(v.get(1)), x, w).orThrow();
    }

    @Test
    void aBatchIsTheSumOfItsExamplesOuterProducts() {
        Tensor sum = Tensor.zeros(D, E).to(DType.FLOAT64);
        for (int k = 0; k < B; k++) {
            Tensor row = x.slice(0, k, k + 1);
            Tensor slope = dz.slice(0, k, k + 1);
            Tensor alone = Autograd.vjp(v -> row.matmul(v), w, slope);
            equal(alone, row.reshape(D, 1).matmul(slope));
            equal(Autograd.vjp(v -> v.matmul(w), row, slope), dx.slice(0, k, k + 1));
            sum = sum.add(alone);
        }
        equal(dw, sum);
    }

    @Test
    void noOtherOrderFitsTheShapes() {
        assertThat(dx.shape()).isEqualTo(Shape.of(B, D));
        assertThat(dw.shape()).isEqualTo(Shape.of(D, E));
        assertThatIllegalArgumentException().isThrownBy(() -> w.transpose().matmul(dz));
        assertThatIllegalArgumentException().isThrownBy(() -> dz.matmul(w));
        assertThatIllegalArgumentException().isThrownBy(() -> dz.matmul(x.transpose()));
    }

    /** The source's line without ∂L/∂Z_kl gives each entry the sum of a row of W, or of a column of X. */
    @Test
    void withoutTheFactorTheSumIsAnother() {
        Tensor ones = dz.onesLike();
        Tensor without = ones.matmul(w.transpose());
        for (int i = 0; i < B; i++) {
            for (int j = 0; j < D; j++) {
                double sum = 0;
                for (int k = 0; k < B; k++) {
                    for (int l = 0; l < E; l++) {
                        sum += slopeByX(k, l, i, j);
                    }
                }
                assertThat(sum).isCloseTo(at(without, i, j), within(1e-13));
            }
        }
        assertThat(without.sub(dx).abs().max().item()).isGreaterThan(0.1);
        assertThat(x.transpose().matmul(ones).sub(dw).abs().max().item()).isGreaterThan(0.1);
    }

    /** Σ_k ∂L/∂Z_il W_jl leaves l free: for each l it is E times one summand of the right sum. */
    @Test
    void theSourcesSumOverTheWrongIndexIsAnother() {
        for (int l = 0; l < E; l++) {
            double sum = 0;
            for (int k = 0; k < E; k++) {
                sum += at(dz, 0, l) * at(w, 0, l);
            }
            assertThat(Math.abs(sum - at(dx, 0, 0))).isGreaterThan(0.1);
        }
    }

    /** X and W decide the gradients and Z does not: two pairs with one Z differ in both. */
    @Test
    void zAndWAreNotEnough() {
        Tensor a = Tensor.of(new double[][] {{1, 2}});
        Tensor b = Tensor.of(new double[][] {{2, 1}});
        Tensor weight = Tensor.of(new double[][] {{1}, {1}});
        Tensor slope = Tensor.of(new double[][] {{1}});
        equal(a.matmul(weight), b.matmul(weight));
        assertThat(Autograd.vjp(v -> a.matmul(v), weight, slope).toDoubleArray())
                .isNotEqualTo(Autograd.vjp(v -> b.matmul(v), weight, slope).toDoubleArray());
    }
}
