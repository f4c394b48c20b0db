package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class BatchNormTest {
    private static final Offset<Float> CLOSE = within(1e-6f);

    @BeforeEach
    void seed() {
        Rng.seed(9);
    }

    @Test
    void normalisesByTheBatchAndMovesTheRunningStatistics() {
        BatchNorm norm = new BatchNorm(2, 0, 0.25);
        // Channel 0: mean 3, variance 8/3 (unbiased 4); channel 1: constant differences around 10.
        Tensor y = norm.call(Tensor.of(new float[][] {{1, 9}, {3, 10}, {5, 11}}));
        float a = (float) (2 / Math.sqrt(8.0 / 3));
        assertThat(y.toArray()).containsExactly(new float[] {-a, -a, 0, 0, a, a}, CLOSE);
        Map<String, Param> state = norm.stateDict();
        assertThat(state.get("running_mean").toArray()).containsExactly(new float[] {0.75f, 2.5f}, CLOSE);
        assertThat(state.get("running_var").toArray())
                .containsExactly(new float[] {0.75f + 0.25f * 4, 0.75f + 0.25f}, CLOSE);
        assertThat(state.get("num_batches_tracked").item()).isEqualTo(1);
        norm.call(Tensor.of(new float[][] {{1, 9}, {3, 10}}));
        assertThat(state.get("num_batches_tracked").item()).isEqualTo(2);
    }

    @Test
    void usesTheRunningStatisticsInEvaluation() {
        BatchNorm norm = new BatchNorm(2);
        Map<String, Param> state = norm.stateDict();
        try (var _ = Autograd.noGrad()) {
            state.get("running_mean").set(Tensor.of(1f, 2f));
            state.get("running_var").set(Tensor.of(4f, 0.25f));
            state.get("weight").set(Tensor.of(3f, 1f));
            state.get("bias").set(Tensor.of(0.5f, -1f));
        }
        norm.eval();
        Tensor y = norm.call(Tensor.of(new float[][] {{3, 3}}));
        assertThat(y.toArray()).containsExactly(new float[] {
                (float) (3 * 2 / Math.sqrt(4 + 1e-5) + 0.5), (float) (1 / Math.sqrt(0.25 + 1e-5) - 1)}, CLOSE);
        assertThat(state.get("num_batches_tracked").item()).isZero();
        assertThat(state.get("running_mean").toArray()).containsExactly(1, 2);
    }

    @Test
    void hasRightGradientsInBothModes() {
        Tensor planes = Rng.normal(2, 3, 2, 2);
        assertThat(LayerGradients.check(moved(new BatchNorm(3)), planes)).isEqualTo(24 + 6);
        assertThat(LayerGradients.check(moved(new BatchNorm(3)), Rng.normal(4, 3))).isEqualTo(12 + 6);
        BatchNorm evaluated = moved(new BatchNorm(3));
        evaluated.call(planes);
        evaluated.eval();
        assertThat(LayerGradients.check(evaluated, planes)).isEqualTo(24 + 6);
    }

    /** Weight and bias away from one and zero, where mistakes would not show. */
    private static BatchNorm moved(BatchNorm norm) {
        try (var _ = Autograd.noGrad()) {
            norm.parameters().forEach(param -> param.set(param.add(Rng.normal(param.dim(0)).mul(0.3))));
        }
        return norm;
    }

    @Test
    void hasPyTorchsState() {
        BatchNorm norm = new BatchNorm(4);
        assertThat(norm.stateDict().keySet())
                .containsExactly("weight", "bias", "running_mean", "running_var", "num_batches_tracked");
        assertThat(norm.namedParameters().keySet()).containsExactly("weight", "bias");
        assertThat(norm.stateDict().get("num_batches_tracked").dtype()).isEqualTo(DType.INT32);
        assertThat(norm.stateDict().get("num_batches_tracked").rank()).isZero();
        assertThat(norm).hasToString("BatchNorm(4, eps=1.0E-5, momentum=0.1)");
        norm.unfreeze();
        assertThat(norm.stateDict().get("running_mean").requiresGrad()).isFalse();
    }

    @Test
    void refusesWhatItCannotNormalise() {
        BatchNorm norm = new BatchNorm(5);
        assertThatIllegalArgumentException().isThrownBy(() -> norm.call(Tensor.ones(1, 5)))
                .withMessage(
                        "batch norm: shape [1, 5] has 1 values for each channel, expected at least 2 in training; use"
                                + " larger batches, or eval() (in BatchNorm)");
        assertThatIllegalArgumentException().isThrownBy(() -> norm.call(Tensor.zeros(0, 5)));
        assertThat(norm.stateDict().get("num_batches_tracked").item()).isZero();
        assertThatIllegalArgumentException().isThrownBy(() -> norm.call(Tensor.ones(2, 4)))
                .withMessage("batch norm: shape [2, 4], expected [N, 5] or [N, 5, ...] (in BatchNorm)");
        assertThatIllegalArgumentException().isThrownBy(() -> norm.call(Tensor.ones(5)));
        assertThatIllegalArgumentException().isThrownBy(() -> norm.call(Tensor.ones(2, 5).to(DType.FLOAT64)))
                .withMessageStartingWith("batch norm: type float64, expected the weight's float32");
        assertThatIllegalArgumentException().isThrownBy(() -> new BatchNorm(0));
        assertThatIllegalArgumentException().isThrownBy(() -> new BatchNorm(1, -1, 0.1));
        assertThatIllegalArgumentException().isThrownBy(() -> new BatchNorm(1, 1e-5, 1.1))
                .withMessage(
                        "batch norm: features 1, eps 1.0E-5, momentum 1.1, expected at least 1, at least 0, and 0..1");
        norm.eval();
        assertThat(norm.call(Tensor.ones(1, 5)).size()).isEqualTo(5);
    }
}
