package dev.jacobian.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PhiloxTest {

    private static final long SEED = 20_240_601L;
    private static final int BLOCKS = 1 << 20;

    @Test
    void givesThePublishedWordsForCounterAndKeyZero() {
        assertThat(words(0L, 0L, 0, 0)).containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    }

    @Test
    void givesThePublishedWordsForCounterAndKeyOfAllOnes() {
        assertThat(words(-1L, -1L, -1, -1)).containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    }

    @Test
    void givesThePublishedWordsForTheDigitsOfPiInItsWordOrder() {
        assertThat(words(0x299f31d0_a4093822L, 0x03707344_13198a2eL, 0x85a308d3, 0x243f6a88)).containsExactly(
                0xd16cfe09,
                0x94fdcceb, 0x5001e420, 0x24126ea1);
    }

    @Test
    void uniformUsesTheUpper24BitsAndStaysBelowOne() {
        assertThat(Philox.uniform(0)).isEqualTo(0f);
        assertThat(Philox.uniform(0xff)).isEqualTo(0f);
        assertThat(Philox.uniform(0x100)).isEqualTo(0x1p-24f);
        assertThat(Philox.uniform(0x80000000)).isEqualTo(0.5f);
        assertThat(Philox.uniform(-1)).isEqualTo(1f - 0x1p-24f);
    }

    @Test
    void uniformsHaveMeanOneHalfAndVarianceOneTwelfthAndFillEveryBin() {
        int[] bins = new int[64];
        int[] out = new int[4];
        double sum = 0;
        double squares = 0;
        for (int block = 0; block < BLOCKS; block++) {
            Philox.block(SEED, 1, 0, block, out);
            for (int word : out) {
                float u = Philox.uniform(word);
                sum += u;
                squares += (double) u * u;
                bins[(int) (u * 64)]++;
            }
        }
        double n = 4.0 * BLOCKS;
        double mean = sum / n;
        assertThat(mean).isCloseTo(0.5, within(5 * Math.sqrt(1 / 12.0 / n)));
        assertThat(squares / n - mean * mean).isCloseTo(1 / 12.0, within(2e-4));
        double chiSquare = 0;
        for (int bin : bins) {
            chiSquare += (bin - n / 64) * (bin - n / 64) / (n / 64);
        }
        assertThat(chiSquare).isBetween(63 - 5 * Math.sqrt(126), 63 + 5 * Math.sqrt(126));
    }

    @Test
    void normalsHaveTheMomentsAndTailsOfTheStandardNormal() {
        int[] out = new int[4];
        double sum = 0;
        double squares = 0;
        double cubes = 0;
        double fourths = 0;
        int[] beyond = new int[5];
        for (int block = 0; block < BLOCKS; block++) {
            Philox.block(SEED, Philox.streamOf("normals", 3), 7, block, out);
            for (int word : out) {
                double x = Philox.normal(word);
                sum += x;
                squares += x * x;
                cubes += x * x * x;
                fourths += x * x * x * x;
                for (int k = 1; k < beyond.length; k++) {
                    beyond[k] += Math.abs(x) > k ? 1 : 0;
                }
            }
        }
        double n = 4.0 * BLOCKS;
        assertThat(sum / n).isCloseTo(0, within(5 / Math.sqrt(n)));
        assertThat(squares / n).isCloseTo(1, within(5 * Math.sqrt(2 / n)));
        assertThat(cubes / n).isCloseTo(0, within(5 * Math.sqrt(15 / n)));
        assertThat(fourths / n).isCloseTo(3, within(5 * Math.sqrt(96 / n)));
        for (int k = 1; k < beyond.length; k++) {
            double expected = 2 * distribution(-k) * n;
            assertThat((double) beyond[k]).as("beyond %d sigma", k).isCloseTo(expected,
                    within(5 * Math.sqrt(expected)));
        }
    }

    @Test
    void normalStaysWithinItsStatedErrorOfTheExactQuantile() {
        double worst = 0;
        for (int k = 0; k < 1 << 23; k += k < 1 << 12 ? 1 : 37) {
            double u = (k + 0.5) * 0x1p-24;
            double x = Philox.normal(k << 8);
            double density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
            worst = Math.max(worst, Math.abs(distribution(x) - u) / density);
        }
        assertThat(worst).isLessThan(1.4e-6);
    }

    @Test
    void normalIsExactlyOddFiniteAndNeverZero() {
        for (int k = 0; k < 1 << 24; k += 11) {
            float x = Philox.normal(k << 8);
            assertThat(x == -Philox.normal(~(k << 8)) && x != 0 && Math.abs(x) < 5.5f).as("word %08x", k << 8).isTrue();
        }
        assertThat(Philox.normal(0)).isCloseTo(-5.42f, within(0.01f));
        assertThat(Philox.normal(-1)).isCloseTo(5.42f, within(0.01f));
    }

    @Test
    void streamsAreStableAndDifferByPurposeAndNumber() {
        assertThat(Philox.streamOf("dropout", 0)).isEqualTo(0x1d6a37337d7d048fL);
        assertThat(Philox.streamOf("dropout", 1)).isEqualTo(0x5caee5aaa554136dL);
        assertThat(Philox.streamOf("shuffle", -1)).isEqualTo(0x9d01e24d65cb4d49L);
        Set<Long> seen = new HashSet<>();
        for (int purpose = 0; purpose < 100; purpose++) {
            for (int number = 0; number < 100; number++) {
                seen.add(Philox.streamOf("layer." + purpose, number));
            }
        }
        assertThat(seen).hasSize(10_000);
    }

    private static int[] words(long seed, long stream, int step, int block) {
        int[] out = new int[4];
        Philox.block(seed, stream, step, block, out);
        return out;
    }

    /** The normal distribution function in double: Maclaurin series near zero, Laplace's continued fraction beyond. */
    private static double distribution(double x) {
        double density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
        double magnitude = Math.abs(x);
        double upper;
        if (magnitude < 2.5) {
            double term = magnitude;
            double sum = term;
            for (int odd = 3; term > 1e-18; odd += 2) {
                term *= x * x / odd;
                sum += term;
            }
            upper = 0.5 - density * sum;
        } else {
            double fraction = magnitude;
            for (int k = 120; k >= 1; k--) {
                fraction = magnitude + k / fraction;
            }
            upper = density / fraction;
        }
        return x < 0 ? upper : 1 - upper;
    }
}
