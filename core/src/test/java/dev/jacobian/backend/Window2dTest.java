package dev.jacobian.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

final class Window2dTest {
    @Test
    void countsItsPositions() {
        Window2d three = Window2d.of(3, 3);
        assertThat(three.outputHeight(28)).isEqualTo(26);
        assertThat(three.padding(1, 1).outputHeight(28)).isEqualTo(28);
        assertThat(three.padding(1, 1).stride(2, 2).outputHeight(28)).isEqualTo(14);
        assertThat(three.padding(1, 1).stride(2, 2).outputHeight(27)).isEqualTo(14);
        assertThat(three.dilation(2, 2).outputHeight(5)).isEqualTo(1);
        assertThat(three.outputHeight(2)).isZero();
        assertThat(three.stride(3, 3).outputHeight(1)).isZero();
        assertThat(Window2d.of(2, 1).dilation(Integer.MAX_VALUE, 1).outputHeight(5)).isNegative();
    }

    @Test
    void hasDirectionsOfItsOwn() {
        Window2d window = Window2d.of(2, 5).stride(3, 2).padding(1, 4).dilation(6, 1);
        assertThat(window).isEqualTo(new Window2d(2, 5, 3, 2, 1, 4, 6, 1));
        assertThat(window.reachH()).isEqualTo(7);
        assertThat(window.reachW()).isEqualTo(5);
        assertThat(window.outputHeight(20)).isEqualTo((20 + 2 - 7) / 3 + 1);
        assertThat(window.outputWidth(20)).isEqualTo((20 + 8 - 5) / 2 + 1);
    }

    @Test
    void refusesWhatIsNoWindow() {
        Window2d window = Window2d.of(2, 2);
        assertThatIllegalArgumentException().isThrownBy(() -> Window2d.of(0, 3))
                .withMessage("window: kernel [0, 3], expected at least 1 each");
        assertThatIllegalArgumentException().isThrownBy(() -> window.stride(1, 0))
                .withMessage("window: stride [1, 0], expected at least 1 each");
        assertThatIllegalArgumentException().isThrownBy(() -> window.padding(-1, 0))
                .withMessage("window: padding [-1, 0], expected at least 0 each");
        assertThatIllegalArgumentException().isThrownBy(() -> window.dilation(0, 0))
                .withMessage("window: dilation [0, 0], expected at least 1 each");
    }
}
