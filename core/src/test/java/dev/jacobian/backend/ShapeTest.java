package dev.jacobian.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ShapeTest {
    private static Shape parse(String lengths) {
        String[] words = lengths.isBlank() ? new String[0] : lengths.strip().split(" ");
        int[] dims = new int[words.length];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = Integer.parseInt(words[i]);
        }
        return Shape.of(dims);
    }

    @Test
    void describesItsAxes() {
        Shape shape = Shape.of(2, 3, 5);
        assertThat(shape.rank()).isEqualTo(3);
        assertThat(shape.size()).isEqualTo(30);
        assertThat(shape.dim(0)).isEqualTo(2);
        assertThat(shape.dim(-1)).isEqualTo(5);
        assertThat(shape.toArray()).containsExactly(2, 3, 5);
        assertThat(shape).hasToString("[2, 3, 5]");
    }

    @Test
    void aScalarHasNoAxisAndOneElement() {
        assertThat(Shape.of()).isSameAs(Shape.SCALAR).isEqualTo(Shape.of(7).without(0));
        assertThat(Shape.SCALAR.rank()).isZero();
        assertThat(Shape.SCALAR.size()).isEqualTo(1);
        assertThat(Shape.SCALAR.strides()).isEmpty();
        assertThat(Shape.SCALAR).hasToString("[]");
    }

    @Test
    void sizeIsNotLimitedToInt() {
        assertThat(Shape.of(1 << 20, 1 << 20).size()).isEqualTo(1L << 40);
        assertThat(Shape.of(2, 1 << 20, 1 << 20).strides()).containsExactly(1L << 40, 1L << 20, 1);
        assertThat(Shape.of(5, 0, 3).size()).isZero();
    }

    @Test
    void cannotBeChangedThroughArrays() {
        int[] dims = {2, 3};
        Shape shape = Shape.of(dims);
        dims[0] = 9;
        shape.toArray()[1] = 9;
        assertThat(shape).isEqualTo(Shape.of(2, 3));
    }

    @Test
    void isAValue() {
        assertThat(Shape.of(2, 3)).isEqualTo(Shape.of(2, 3)).hasSameHashCodeAs(Shape.of(2, 3));
        assertThat(Shape.of(2, 3)).isNotEqualTo(Shape.of(3, 2)).isNotEqualTo(Shape.of(2, 3, 1));
        assertThat((Object) Shape.of(2)).isNotEqualTo("[2]");
    }

    @Test
    void refusesNegativeLengths() {
        assertThatIllegalArgumentException().isThrownBy(() -> Shape.of(2, -1))
                .withMessage("shape: negative length in [2, -1]");
        assertThatIllegalArgumentException().isThrownBy(() -> Shape.of(2).with(0, -3));
    }

    @Test
    void replacesAndRemovesAxes() {
        Shape shape = Shape.of(2, 3, 5);
        assertThat(shape.with(1, 7)).isEqualTo(Shape.of(2, 7, 5));
        assertThat(shape.without(0)).isEqualTo(Shape.of(3, 5));
        assertThat(shape.without(1)).isEqualTo(Shape.of(2, 5));
        assertThat(shape.without(2)).isEqualTo(Shape.of(2, 3));
        assertThat(shape).isEqualTo(Shape.of(2, 3, 5));
    }

    @Test
    void resolvesAxesFromBothEnds() {
        Shape shape = Shape.of(2, 5);
        assertThat(shape.axis("sum", 0)).isZero();
        assertThat(shape.axis("sum", 1)).isEqualTo(1);
        assertThat(shape.axis("sum", -1)).isEqualTo(1);
        assertThat(shape.axis("sum", -2)).isZero();
        assertThatIllegalArgumentException().isThrownBy(() -> shape.axis("softmax", 2))
                .withMessage("softmax: axis 2 out of range for shape [2, 5]; valid -2..1");
        assertThatIllegalArgumentException().isThrownBy(() -> shape.axis("softmax", -3))
                .withMessage("softmax: axis -3 out of range for shape [2, 5]; valid -2..1");
        assertThatIllegalArgumentException().isThrownBy(() -> Shape.SCALAR.axis("max", 0))
                .withMessage("max: axis 0 out of range for shape []; a scalar has no axes");
    }

    @Test
    void stridesAreRowMajor() {
        assertThat(Shape.of(2, 3, 5).strides()).containsExactly(15, 5, 1);
        assertThat(Shape.of(4).strides()).containsExactly(1);
    }

    @ParameterizedTest
    @CsvSource({
            "2 3, 2 3, 2 3",
            "2 3, '', 2 3",
            "'', '', ''",
            "2 3, 3, 2 3",
            "2 1, 1 3, 2 3",
            "5 1 4, 3 1, 5 3 4",
            "1, 0, 0",
            "2 1, 0, 2 0",
            "0 3, 1 3, 0 3",
            "1 1, 1, 1 1"
    })
    void broadcastsAsNumPy(String a, String b, String expected) {
        assertThat(Shape.broadcast("add", parse(a), parse(b))).isEqualTo(parse(expected));
        assertThat(Shape.broadcast("add", parse(b), parse(a))).isEqualTo(parse(expected));
    }

    @ParameterizedTest
    @CsvSource({"2 3, 2", "2 3, 3 2", "2, 0", "4 2 3, 3 2 3"})
    void refusesToBroadcastOtherLengths(String a, String b) {
        assertThatIllegalArgumentException().isThrownBy(() -> Shape.broadcast("add", parse(a), parse(b)))
                .withMessageStartingWith("add: shapes " + parse(a) + " and " + parse(b) + " do not broadcast");
    }

    @Test
    void namesTheAxisThatDoesNotBroadcast() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Shape.broadcast("add", Shape.of(4, 2, 3), Shape.of(5, 3)))
                .withMessageContaining("lengths 2 and 5 at axis -2 differ");
    }
}
