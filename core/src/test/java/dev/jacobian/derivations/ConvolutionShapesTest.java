package dev.jacobian.derivations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Conv2d;
import dev.jacobian.nn.MaxPool2d;
import dev.jacobian.tensor.Padding;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.testing.ReferenceBackend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What docs/derivations/convolution-shapes.md states: sizes and numbers of parameters. */
final class ConvolutionShapesTest {
    private MemoryScope scope;
    private Device.Use use;

    @BeforeEach
    void open() {
        scope = MemoryScope.open("of a test");
        use = Device.of(new ReferenceBackend()).use();
    }

    @AfterEach
    void close() {
        use.close();
        scope.close();
    }

    private static int formula(int n, int k, int s, int p, int d) {
        return Math.floorDiv(n + 2 * p - d * (k - 1) - 1, s) + 1;
    }

    private static int size(Conv2d layer, int n) {
        return layer.call(Tensor.zeros(1, 1, n, n)).dim(3);
    }

    @Test
    void theFormulaIsTheSizeOfRealLayers() {
        int fitting = 0;
        int refused = 0;
        for (int n = 1; n <= 19; n += 3) {
            for (int k = 1; k <= 5; k++) {
                for (int s = 1; s <= 3; s += 2) {
                    for (int p = 0; p <= 3; p++) {
                        for (int d = 1; d <= 4; d++) {
                            Conv2d layer = new Conv2d(1, 1, k).stride(s).padding(p).dilation(d);
                            int length = n;
                            if (d * (k - 1) + 1 > n + 2 * p) {
                                assertThat(formula(n, k, s, p, d)).isNotPositive();
                                assertThatIllegalArgumentException().isThrownBy(() -> size(layer, length));
                                refused++;
                            } else {
                                assertThat(size(layer, n)).as("%d %s", n, layer).isEqualTo(formula(n, k, s, p, d));
                                fitting++;
                            }
                        }
                    }
                }
            }
        }
        assertThat(fitting + refused).isEqualTo(7 * 5 * 2 * 4 * 4);
        assertThat(refused).isGreaterThan(100);
    }

    @Test
    void axesAreOnTheirOwnAndPoolingsFollowTheFormula() {
        Tensor x = Tensor.zeros(1, 1, 11, 14);
        assertThat(new Conv2d(1, 1, 2, 5).stride(3, 2).padding(1, 0).dilation(2, 3).call(x).shape())
                .isEqualTo(Shape.of(1, 1, formula(11, 2, 3, 1, 2), formula(14, 5, 2, 0, 3)));
        assertThat(new MaxPool2d(3).stride(2).padding(1).call(x).shape())
                .isEqualTo(Shape.of(1, 1, formula(11, 3, 2, 1, 1), formula(14, 3, 2, 1, 1)));
        assertThat(new MaxPool2d(3).call(x).shape())
                .isEqualTo(Shape.of(1, 1, formula(11, 3, 3, 0, 1), formula(14, 3, 3, 0, 1)));
    }

    @Test
    void namedPaddingsKeepShortenOrLengthen() {
        for (int n = 7; n <= 9; n++) {
            for (int k = 1; k <= 4; k++) {
                for (int d = 1; d <= 2; d++) {
                    int more = d * (k - 1);
                    Conv2d layer = new Conv2d(1, 1, k).dilation(d);
                    assertThat(size(layer.padding(Padding.VALID), n)).isEqualTo(n - more)
                            .isEqualTo(size(layer.padding(0), n));
                    assertThat(size(layer.padding(Padding.SAME), n)).isEqualTo(n);
                    assertThat(size(layer.padding(Padding.FULL), n)).isEqualTo(n + more)
                            .isEqualTo(size(layer.padding(more), n));
                }
            }
        }
    }

    @Test
    void parametersAreWeightsAndOneBiasForEachFilter() {
        for (int groups : new int[] {1, 2, 6}) {
            Conv2d with = new Conv2d(6, 12, 3, 5, groups, true).stride(2).padding(4).dilation(3);
            Conv2d without = new Conv2d(6, 12, 3, 5, groups, false);
            assertThat(without.parameterCount()).isEqualTo(6L / groups * 3 * 5 * 12);
            assertThat(with.parameterCount()).isEqualTo(without.parameterCount() + 12);
        }
        assertThat(new MaxPool2d(2).parameterCount()).isZero();
    }

    @Test
    void threeLayersHaveTheSourcesSizes() {
        Conv2d first = new Conv2d(3, 32, 3).stride(2).padding(1);
        Tensor x = Tensor.zeros(0, 3, 128, 128); // sizes alone, without the computing
        Tensor one = first.call(x);
        assertThat(one.shape()).isEqualTo(Shape.of(0, 32, 64, 64));
        Tensor two = new MaxPool2d(2).call(one);
        assertThat(two.shape()).isEqualTo(Shape.of(0, 32, 32, 32));
        Conv2d last = new Conv2d(32, 64, 3).padding(1);
        assertThat(last.call(two).shape()).isEqualTo(Shape.of(0, 64, 32, 32));
        assertThat(last.weight().size()).isEqualTo(32 * 3 * 3 * 64).isEqualTo(18432);
        assertThat(last.parameterCount()).isEqualTo(18496);
        assertThat(new Conv2d(32, 64, 3, 3, 1, false).parameterCount()).isEqualTo(18432);
        assertThat(first.parameterCount()).isEqualTo(3 * 3 * 3 * 32 + 32).isEqualTo(896);
        assertThat(formula(128, 8, 2, 3, 1)).as("another first layer").isEqualTo(64);
    }

    /** 18432 weights of 3 × 3 on 32 channels are 64 filters: the third output cannot have 32 channels. */
    @Test
    void theSourcesThirdSizeDoesNotGoWithItsWeights() {
        Tensor x = Tensor.zeros(0, 32, 32, 32);
        int filters = 18432 / (3 * 3 * 32);
        assertThat(filters).isEqualTo(64);
        assertThat(new Conv2d(32, filters, 3).padding(1).call(x).dim(1)).isEqualTo(64);
        assertThat(new Conv2d(32, 32, 3, 3, 1, false).parameterCount()).as("with 32 channels").isNotEqualTo(18432);
        for (int p = 0; p < 40; p++) {
            assertThat(formula(32, 3, 1, p, 1) == 64).as("padding %d", p).isEqualTo(p == 17);
        }
    }
}
