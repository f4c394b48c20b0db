package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.Window2d;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Padding;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class Conv2dTest {
    /** 0, 1, … 8 in three rows. */
    private static final Tensor NINE = Tensor.arange(9).to(DType.FLOAT32).reshape(1, 1, 3, 3);

    @BeforeEach
    void seed() {
        Rng.seed(5);
    }

    private static Conv2d with(Conv2d layer, Tensor weight, float... bias) {
        try (var _ = Autograd.noGrad()) {
            layer.weight().set(weight.reshape(layer.weight().shape()));
            if (bias.length > 0) {
                layer.bias().set(Tensor.of(bias));
            }
        }
        return layer;
    }

    @Test
    void multipliesWithoutTurningTheKernelRound() {
        Conv2d layer = with(new Conv2d(1, 1, 2), Tensor.of(1f, 2f, 3f, 4f), 0.5f);
        // 0 + 2·1 + 3·3 + 4·4, and so on; a true convolution would give 0·4 + 1·3 + 3·2 + 4·1.
        assertThat(layer.call(NINE).toArray()).containsExactly(27.5f, 37.5f, 57.5f, 67.5f);
    }

    @Test
    void padsStridesAndDilates() {
        Tensor ones = Tensor.ones(2, 2);
        assertThat(with(new Conv2d(1, 1, 2).padding(1), ones, 0).call(NINE).toArray())
                .containsExactly(0, 1, 3, 2, 3, 8, 12, 7, 9, 20, 24, 13, 6, 13, 15, 8);
        assertThat(with(new Conv2d(1, 1, 2).padding(1).stride(2), ones, 0).call(NINE).toArray())
                .containsExactly(0, 3, 9, 24);
        assertThat(with(new Conv2d(1, 1, 2).dilation(2), ones, 0).call(NINE).toArray()).containsExactly(16);
        Tensor row = with(new Conv2d(1, 1, 1, 2).stride(2, 1).padding(0, 1).dilation(1, 3), ones.slice(0, 0, 1), 0)
                .call(NINE);
        assertThat(row.shape()).isEqualTo(Shape.of(1, 1, 2, 2));
        assertThat(row.toArray()).containsExactly(2, 0, 8, 6);
    }

    @Test
    void hasThreeModesOfPadding() {
        Conv2d layer = with(new Conv2d(1, 1, 2), Tensor.of(1f, 10f, 100f, 1000f), 0);
        float[] valid = {4310, 5421, 7643, 8754};
        assertThat(layer.padding(Padding.VALID).call(NINE).toArray()).containsExactly(valid);
        assertThat(layer.padding(Padding.SAME).call(NINE).toArray())
                .containsExactly(4310, 5421, 502, 7643, 8754, 805, 76, 87, 8);
        assertThat(layer.padding(Padding.FULL).call(NINE).toArray())
                .containsExactly(0, 1000, 2100, 200, 3000, 4310, 5421, 502, 6030, 7643, 8754, 805, 60, 76, 87, 8);
        assertThat(layer.padding(0).call(NINE).toArray()).containsExactly(valid);
    }

    /** Each axis is padded for its own reach: 3 elements without an odd zero, 4 with one. */
    @Test
    void padsEachAxisForItself() {
        Tensor x = Rng.normal(2, 2, 5, 6);
        Conv2d layer = new Conv2d(2, 3, 2, 4).padding(Padding.SAME).dilation(2, 1);
        Tensor padded = x.pad(2, 1, 1, 0).pad(3, 1, 2, 0);
        Tensor expected = padded.conv2d(layer.weight(), layer.bias(), Window2d.of(2, 4).dilation(2, 1), 1);
        assertThat(expected.shape()).isEqualTo(Shape.of(2, 3, 5, 6));
        assertThat(layer.call(x).toArray()).containsExactly(expected.toArray());
        padded = x.pad(2, 2, 2, 0).pad(3, 3, 3, 0);
        expected = padded.conv2d(layer.weight(), layer.bias(), Window2d.of(2, 4).dilation(2, 1).stride(2, 3), 1);
        assertThat(layer.padding(Padding.FULL).stride(2, 3).call(x).toArray()).containsExactly(expected.toArray());
        assertThat(new Conv2d(2, 3, 4).padding(Padding.SAME).call(Rng.normal(1, 2, 1, 1)).shape())
                .isEqualTo(Shape.of(1, 3, 1, 1));
    }

    @Test
    void sumsOverChannelsAndKeepsGroupsApart() {
        Tensor planes = Tensor.of(1f, 10f, 100f, 1000f).reshape(1, 4, 1, 1);
        Tensor weight = Tensor.of(1f, 2f, 3f, 4f);
        assertThat(with(new Conv2d(4, 1, 1), weight, 0).call(planes).toArray()).containsExactly(4321);
        assertThat(with(new Conv2d(4, 2, 1, 1, 2, false), weight).call(planes).toArray()).containsExactly(21, 4300);
        assertThat(with(new Conv2d(4, 4, 1, 1, 4, false), weight).call(planes).toArray())
                .containsExactly(1, 20, 300, 4000);
    }

    @Test
    void startsUniformWithinOneOverTheRootOfFanIn() {
        Conv2d layer = new Conv2d(8, 32, 2, 1, 2, true);
        assertThat(layer.weight().shape()).isEqualTo(Shape.of(32, 4, 2, 1));
        double bound = 1 / Math.sqrt(4 * 2);
        assertThat(layer.weight().abs().max().item()).isBetween(0.9 * bound, bound);
        assertThat(layer.bias().abs().max().item()).isBetween(0.8 * bound, bound);
    }

    @Test
    void hasRightGradients() {
        assertThat(LayerGradients.check(new Conv2d(2, 3, 3).padding(1).stride(2), Rng.normal(2, 2, 4, 5)))
                .isEqualTo(80 + 54 + 3);
        assertThat(LayerGradients.check(new Conv2d(4, 4, 2, 3, 2, false).dilation(2, 1), Rng.normal(1, 4, 4, 3)))
                .isEqualTo(48 + 48);
        assertThat(LayerGradients.check(new Conv2d(1, 2, 2, 3, 1, true).padding(Padding.SAME), Rng.normal(2, 1, 3, 2)))
                .isEqualTo(12 + 12 + 2);
        assertThat(LayerGradients.check(new Conv2d(1, 2, 2, 3, 1, true).padding(Padding.FULL), Rng.normal(1, 1, 2, 3)))
                .isEqualTo(6 + 12 + 2);
    }

    @Test
    void hasPyTorchsStateAndText() {
        assertThat(new Conv2d(1, 2, 3).stateDict().keySet()).containsExactly("weight", "bias");
        assertThat(new Conv2d(1, 2, 3, 3, 1, false).stateDict()).containsOnlyKeys("weight");
        assertThat(new Conv2d(1, 32, 3).padding(1))
                .hasToString("Conv2d(1, 32, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))");
        assertThat(new Conv2d(4, 8, 3, 5, 4, false).stride(2, 1).dilation(2))
                .hasToString("Conv2d(4, 8, kernel_size=(3, 5), stride=(2, 1), dilation=(2, 2), groups=4, bias=false)");
        assertThat(new Conv2d(1, 2, 3).padding(Padding.SAME))
                .hasToString("Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=same)");
        assertThat(new Conv2d(1, 2, 3).padding(Padding.FULL).padding(1, 0))
                .hasToString("Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 0))");
    }

    @Test
    void takesABatchOfNone() {
        Conv2d layer = new Conv2d(2, 3, 3);
        Tensor y = layer.call(Tensor.zeros(0, 2, 5, 5));
        assertThat(y.shape()).isEqualTo(Shape.of(0, 3, 3, 3));
        y.sum().backward();
        assertThat(layer.weight().grad().toArray()).containsOnly(0);
    }

    /** A kernel of nine elements needs no nine copies of its input. */
    @Test
    void keepsOneCopyOfItsInput() {
        Conv2d layer = new Conv2d(4, 4, 3).padding(1);
        Tensor x = Tensor.zeros(8, 4, 30, 30);
        MemoryPool pool = MemoryPool.of(Device.current());
        long before = pool.stats().active();
        try (var _ = MemoryScope.open()) {
            Tensor y = layer.call(x);
            assertThat(pool.stats().active() - before).isLessThan(3 * 4 * x.size());
            y.sum().backward();
        }
    }

    @Test
    void saysWhatDoesNotFit() {
        Conv2d layer = new Conv2d(4, 8, 3);
        assertThatIllegalArgumentException().isThrownBy(() -> layer.call(Tensor.zeros(2, 3, 9, 9))).withMessage(
                "conv2d: got 3 input channels, expected 4 (weight [8, 4, 3, 3], groups 1) (in Conv2d)");
        assertThatIllegalArgumentException().isThrownBy(() -> layer.call(Tensor.zeros(4, 9, 9))).withMessage(
                "conv2d: shape [4, 9, 9], expected [N, C, H, W]; add what is missing with unsqueeze or reshape"
                        + " (in Conv2d)");
        assertThatIllegalArgumentException().isThrownBy(() -> layer.call(Tensor.zeros(1, 4, 9, 2))).withMessage(
                "conv2d: the window reaches over [3, 3], expected at most the padded input's [9, 2] (input"
                        + " [1, 4, 9, 2]); pad more, or take a smaller kernel or dilation (in Conv2d)");
        assertThatIllegalArgumentException().isThrownBy(() -> layer.call(Tensor.zeros(1, 4, 0, 9)))
                .withMessageStartingWith("conv2d: shape [1, 4, 0, 9], expected lengths of at least 1");
        assertThatIllegalArgumentException().isThrownBy(() -> layer.call(Tensor.zeros(1, 4, 9, 9).to(DType.FLOAT64)))
                .withMessageStartingWith("conv2d: input of type float64, expected the weight's float32");
        assertThatIllegalArgumentException().isThrownBy(() -> layer.call(Tensor.zeros(1, 4, 9, 9).to(DType.INT32)))
                .withMessageStartingWith("conv2d: type int32, expected a floating-point type");
        Conv2d even = new Conv2d(4, 8, 2).padding(Padding.SAME);
        assertThatIllegalArgumentException().isThrownBy(() -> even.call(Tensor.zeros(1, 4, 9, 0)))
                .withMessageStartingWith("conv2d: shape [1, 4, 9, 0], expected lengths of at least 1");
        assertThatIllegalArgumentException().isThrownBy(() -> even.stride(1, 2).call(Tensor.zeros(1, 4, 9, 9)))
                .withMessage(
                        "conv2d: stride [1, 2] with padding SAME, expected 1; a stride shortens the output, so give"
                                + " the padding as a number (in Conv2d)");
    }

    @Test
    void saysWhichSettingsDoNotFit() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Conv2d(0, 2, 3))
                .withMessage("conv2d: inChannels 0, outChannels 2, expected at least 1 each");
        assertThatIllegalArgumentException().isThrownBy(() -> new Conv2d(4, 6, 3, 3, 4, true))
                .withMessage("conv2d: groups 4, expected a divisor of inChannels 4 and of outChannels 6");
        assertThatIllegalArgumentException().isThrownBy(() -> new Conv2d(1, 1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Conv2d(1, 1, 1).stride(0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Conv2d(1, 1, 1).padding(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Conv2d(1, 1, 1).dilation(1, 0));
    }
}
