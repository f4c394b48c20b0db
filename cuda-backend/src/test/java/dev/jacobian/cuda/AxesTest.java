package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What is left of axes, and that the pieces of what is too large for one launch are all of it. */
final class AxesTest {
    private static final int FLOAT = 4;

    private static Axes axes(int operands) {
        Axes axes = Axes.start(0, operands);
        for (int i = 0; i < operands; i++) {
            axes.operand(i, 4096L << i, FLOAT);
        }
        return axes;
    }

    @Test
    void mergesWhatIsDense() {
        Axes axes = axes(2);
        axes.axis(2, 60, 120, 0, 0);
        axes.axis(1, 999, 7, 0, 0);
        axes.axis(3, 20, 40, 0, 0);
        axes.axis(4, 5, 10, 0, 0);
        axes.axis(5, 1, 1, 0, 0);
        assertThat(axes.rank()).isEqualTo(2);
        assertThat(axes.dim(0)).isEqualTo(24);
        assertThat(axes.stride(0, 0)).isEqualTo(5);
        assertThat(axes.stride(1, 0)).isEqualTo(10);
        assertThat(axes.size()).isEqualTo(120);
        assertThat(axes.isDense()).isFalse();
    }

    @Test
    void mergesRepeatedElements() {
        Axes axes = axes(2);
        axes.axis(7, 15, 0, 0, 0);
        axes.axis(3, 5, 0, 0, 0);
        axes.axis(5, 1, 0, 0, 0);
        assertThat(axes.rank()).isEqualTo(1);
        assertThat(axes.dim(0)).isEqualTo(105);
        assertThat(axes.stride(1, 0)).isZero();
    }

    @Test
    void seesWhatIsDense() {
        Axes axes = axes(2);
        axes.axis(3, 4, 4, 0, 0);
        axes.axis(4, 1, 1, 0, 0);
        assertThat(axes.isDense()).isTrue();
        assertThat(axes(3).isDense()).as("one element").isTrue();
    }

    @Test
    void hasNoPieceOfNothing() {
        Axes axes = axes(1);
        axes.axis(0, 5, 0, 0, 0);
        axes.axis(5, 1, 0, 0, 0);
        assertThat(axes.size()).isZero();
        assertThat(axes.next()).isFalse();
    }

    @Test
    void hasOnePieceOfOneElement() {
        Axes axes = axes(1);
        assertThat(axes.next()).isTrue();
        assertThat(axes.pieceSize()).isEqualTo(1);
        assertThat(axes.address(0)).isEqualTo(4096);
        assertThat(axes.next()).isFalse();
    }

    /** Eleven axes that do not merge: the outer three are looped over by the host. */
    @Test
    void dividesManyAxes() {
        Axes axes = axes(2);
        List<Long> outer = new ArrayList<>();
        for (int i = 10; i >= 0; i--) {
            axes.axis(2, 3L << i, 5L << (2 * i), 0, 0);
        }
        assertThat(axes.rank()).isEqualTo(11);
        int pieces = 0;
        while (axes.next()) {
            assertThat(axes.pieceSize()).isEqualTo(256);
            int bits = pieces++;
            long expected = 0;
            for (int i = 0; i < 3; i++) {
                expected += ((bits >> i) & 1) * (5L << (2 * (8 + i)));
            }
            assertThat(axes.address(0)).isEqualTo(4096 + (long) bits * (3 << 8) * FLOAT);
            assertThat(axes.address(1)).isEqualTo(8192 + expected * FLOAT);
            outer.add(axes.address(0));
        }
        assertThat(pieces).isEqualTo(8);
        axes.rewind();
        for (long address : outer) {
            assertThat(axes.next()).isTrue();
            assertThat(axes.address(0)).isEqualTo(address);
        }
        assertThat(axes.next()).isFalse();
    }

    /** More elements than a launch numbers are cut along the outermost axis that does not fit. */
    @Test
    void dividesLongAxes() {
        Axes axes = axes(1);
        axes.axis(3, 1L << 31, 0, 0, 0);
        axes.axis(100_000, 20_001, 0, 0, 0);
        axes.axis(20_000, 1, 0, 0, 0);
        long size = 0;
        long end = 4096;
        while (axes.next()) {
            long row = size % (100_000L * 20_000) / 20_000;
            long expected = ((size / (100_000L * 20_000)) << 31) + row * 20_001;
            assertThat(axes.address(0)).isEqualTo(4096 + expected * FLOAT).isGreaterThanOrEqualTo(end);
            assertThat(axes.pieceSize()).isBetween(1, Axes.LARGEST);
            end = axes.address(0);
            size += axes.pieceSize();
        }
        assertThat(size).isEqualTo(3 * 100_000L * 20_000);
    }

    /** Strides of more than 32 bits do not fit a kernel's. */
    @Test
    void stepsFarOnTheHost() {
        Axes axes = axes(1);
        axes.axis(2, 1L << 33, 0, 0, 0);
        axes.axis(5, 2, 0, 0, 0);
        assertThat(axes.next()).isTrue();
        assertThat(axes.pieceSize()).isEqualTo(5);
        assertThat(axes.next()).isTrue();
        assertThat(axes.address(0)).isEqualTo(4096 + ((long) FLOAT << 33));
        assertThat(axes.next()).isFalse();
    }

    @Test
    void groupsByFourWhatLiesSo() {
        Axes axes = axes(3);
        axes.axis(3, 8, 0, 12, 0);
        axes.axis(8, 1, 1, 0, 0);
        assertThat(axes.groupByFour()).isEqualTo(0b011);
        assertThat(axes.dim(1)).isEqualTo(2);
        assertThat(axes.stride(0, 1)).isEqualTo(4);
        assertThat(axes.stride(2, 1)).isZero();
    }

    @Test
    void groupsNothingElse() {
        Axes odd = axes(1);
        odd.axis(2, 8, 0, 0, 0);
        odd.axis(6, 1, 0, 0, 0);
        assertThat(odd.groupByFour()).as("a length that 4 does not divide").isZero();
        Axes unaligned = axes(1);
        unaligned.axis(2, 9, 0, 0, 0);
        unaligned.axis(8, 1, 0, 0, 0);
        assertThat(unaligned.groupByFour()).as("rows at odd places").isZero();
        Axes stepped = axes(2);
        stepped.axis(8, 1, 2, 0, 0);
        assertThat(stepped.groupByFour()).as("every second element").isZero();
        Axes begun = axes(2);
        begun.operand(1, 4100, FLOAT);
        begun.axis(3, 8, 12, 0, 0);
        begun.axis(8, 1, 1, 0, 0);
        assertThat(begun.groupByFour()).as("a beginning between fours").isZero();
    }

    /** The kernels' way to divide, for lengths around powers of two and any. */
    @Test
    void dividesByReciprocals() {
        SplittableRandom random = new SplittableRandom(1);
        for (int exponent = 0; exponent < 31; exponent++) {
            for (long d = Math.max(1, (1L << exponent) - 2); d <= (1L << exponent) + 2; d++) {
                holdQuotients(d, random);
            }
            holdQuotients(random.nextLong(1, 1L << 30), random);
        }
    }

    private static void holdQuotients(long d, SplittableRandom random) {
        for (int i = 0; i < 200; i++) {
            long multiple = random.nextLong(Integer.MAX_VALUE) / d * d;
            for (long n : new long[] {multiple, multiple - 1, multiple + d - 1, Integer.MAX_VALUE}) {
                if (n >= 0 && n <= Integer.MAX_VALUE) {
                    long high = (n * Integer.toUnsignedLong(Axes.multiplier(d))) >>> 32;
                    assertThat((high + n & 0xFFFF_FFFFL) >>> Axes.shift(d)).as("%d / %d", n, d).isEqualTo(n / d);
                }
            }
        }
    }

    @Test
    void densifies() {
        Axes axes = axes(2);
        axes.axis(3, 100, 7, 0, 0);
        axes.axis(5, 1, 300, 0, 0);
        axes.dense(2, 1 << 20, 8, 10);
        assertThat(axes.stride(2, 1)).isEqualTo(10);
        assertThat(axes.stride(2, 0)).isEqualTo(50);
        assertThat(axes.address(0, 1, 2)).isEqualTo(4096 + 200 * FLOAT);
        assertThat(axes.address(1, 0, 4)).isEqualTo(8192 + 1200 * FLOAT);
        assertThat(axes.address(2, -1, 7)).isEqualTo((1 << 20) + 70 * 8);
    }
}
