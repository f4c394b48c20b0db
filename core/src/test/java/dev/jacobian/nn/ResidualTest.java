package dev.jacobian.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ResidualTest {
    @BeforeEach
    void seed() {
        Rng.seed(14);
    }

    private static Residual basicBlock() {
        return new Residual(new Sequential(new Conv2d(2, 3, 3).stride(2).padding(1), new BatchNorm(3), new ReLU(),
                new Conv2d(3, 3, 3).padding(1), new BatchNorm(3)))
                .shortcut(new Sequential(new Conv2d(2, 3, 1).stride(2), new BatchNorm(3))).activation(new ReLU());
    }

    @Test
    void addsWhatLeadsAroundTheBlock() {
        Tensor x = Tensor.of(-2f, 1f, 3f);
        assertThat(new Residual(new ReLU()).call(x).toArray()).containsExactly(-2, 2, 6);
        assertThat(new Residual(new ReLU()).activation(new ReLU()).call(x).toArray()).containsExactly(0, 2, 6);
        assertThat(new Residual(new ReLU()).shortcut(new ReLU()).call(x).toArray()).containsExactly(0, 2, 6);
        assertThat(new Residual(new IdentityLayer()).call(x).toArray()).containsExactly(-4, 2, 6);
    }

    @Test
    void hasRightGradients() {
        Residual block = basicBlock();
        Tensor x = Rng.normal(2, 2, 4, 4);
        assertThat(block.call(x).shape()).isEqualTo(Shape.of(2, 3, 2, 2));
        LayerGradients.check(block, x);
        assertThat(LayerGradients.check(new Residual(new Tanh()), Rng.normal(2, 3))).isEqualTo(6);
    }

    @Test
    void namesItsParts() {
        assertThat(basicBlock().children().keySet()).containsExactly("block", "shortcut", "activation");
        assertThat(basicBlock().stateDict().keySet()).contains("block.0.weight", "shortcut.1.running_mean");
    }

    @Test
    void saysWhatDoesNotFit() {
        Residual narrowing = new Residual(new Linear(4, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> narrowing.call(Tensor.ones(2, 4)))
                .withMessage("residual: the block gives shape [2, 1], the input has [2, 4], expected the same; give a"
                        + " shortcut that changes the shape as the block does (in Residual)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> narrowing.shortcut(new Linear(4, 2)).call(Tensor.ones(2, 4)))
                .withMessageContaining("the shortcut gives [2, 2]");
        assertThatNullPointerException().isThrownBy(() -> new Residual(new ReLU()).activation(null));
    }
}
