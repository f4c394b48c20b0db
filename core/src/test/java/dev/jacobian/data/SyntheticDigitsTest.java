package dev.jacobian.data;

import static dev.jacobian.data.SyntheticDigits.PIXELS;
import static dev.jacobian.data.SyntheticDigits.SIDE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ForkJoinPool;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class SyntheticDigitsTest {

    private static final long SEED = 42;

    @Test
    void everySampleIsAPureFunctionOfSeedAndIndex() {
        Images all = SyntheticDigits.generate(SEED, 0, 500);
        Images part = SyntheticDigits.generate(SEED, 300, 200);
        assertThat(part.pixels()).isEqualTo(Arrays.copyOfRange(all.pixels(), 300 * PIXELS, 500 * PIXELS));
        assertThat(part.labels()).isEqualTo(Arrays.copyOfRange(all.labels(), 300, 500));
    }

    @Test
    void threadsDoNotMatter() throws Exception {
        Images common = SyntheticDigits.generate(SEED, 7, 1000);
        for (int threads : new int[] {1, 2, 5}) {
            try (ForkJoinPool pool = new ForkJoinPool(threads)) {
                Images images = pool.submit(() -> SyntheticDigits.generate(SEED, 7, 1000)).get();
                assertThat(images.pixels()).isEqualTo(common.pixels());
                assertThat(images.labels()).isEqualTo(common.labels());
            }
        }
    }

    @Test
    void theBytesAreTheSameOnEveryPlatform() {
        CRC32C sum = new CRC32C();
        Images images = SyntheticDigits.generate(1, 0, 2000);
        sum.update(images.pixels());
        sum.update(images.labels());
        assertThat(sum.getValue()).isEqualTo(0x1da44f83L);
    }

    @Test
    void renderWritesItsImageAndNothingElse() {
        byte[] target = new byte[PIXELS + 20];
        Arrays.fill(target, (byte) 77);
        int label = SyntheticDigits.render(SEED, 3, target, 10);
        Images images = SyntheticDigits.generate(SEED, 3, 1);
        assertThat(label).isEqualTo(images.labels()[0]);
        assertThat(Arrays.copyOfRange(target, 10, 10 + PIXELS)).isEqualTo(images.pixels());
        for (int i = 0; i < 10; i++) {
            assertThat(target[i]).isEqualTo((byte) 77);
            assertThat(target[10 + PIXELS + i]).isEqualTo((byte) 77);
        }
    }

    @Test
    void seedsAndIndicesGiveDifferentImages() {
        Set<String> seen = new HashSet<>();
        for (long seed = 0; seed < 4; seed++) {
            Images images = SyntheticDigits.generate(seed, (1L << 40) * seed, 500);
            for (int i = 0; i < images.count(); i++) {
                seen.add(Arrays.toString(Arrays.copyOfRange(images.pixels(), i * PIXELS, (i + 1) * PIXELS)));
            }
        }
        assertThat(seen).hasSize(2000);
        assertThat(SyntheticDigits.generate(1, 0, 500).labels())
                .isNotEqualTo(SyntheticDigits.generate(2, 0, 500).labels());
    }

    @Test
    void labelsAreBalanced() {
        Images images = SyntheticDigits.generate(SEED, 0, 20_000);
        int[] counts = new int[10];
        for (byte label : images.labels()) {
            counts[label]++;
        }
        for (int count : counts) {
            assertThat((double) count).isCloseTo(2000, within(5 * Math.sqrt(2000 * 0.9)));
        }
    }

    @Test
    void inkIsCentredOnABlackBackgroundAndStaysInside() {
        Images images = SyntheticDigits.generate(SEED, 0, 5000);
        double sumX = 0;
        double sumY = 0;
        for (int i = 0; i < images.count(); i++) {
            double mass = 0;
            double momentX = 0;
            double momentY = 0;
            int inked = 0;
            int brightest = 0;
            for (int p = 0; p < PIXELS; p++) {
                int value = images.pixels()[i * PIXELS + p] & 0xFF;
                mass += value;
                momentX += value * (p % SIDE);
                momentY += value * (p / SIDE);
                inked += value > 0 ? 1 : 0;
                brightest = Math.max(brightest, value);
            }
            double x = momentX / mass - 13.5;
            double y = momentY / mass - 13.5;
            assertThat(Math.max(Math.abs(x), Math.abs(y))).as("sample %d", i).isLessThan(2.75);
            assertThat(inked).as("inked pixels of sample %d", i).isBetween(25, 400);
            assertThat(brightest).as("brightest pixel of sample %d", i).isGreaterThan(150);
            sumX += x;
            sumY += y;
        }
        assertThat(sumX / images.count()).isCloseTo(0, within(0.15));
        assertThat(sumY / images.count()).isCloseTo(0, within(0.15));
    }

    @Test
    void nearestCentroidLearnsMuchButNotAll() {
        Images train = SyntheticDigits.generate(SEED, 0, 5000);
        Images test = SyntheticDigits.generate(SEED, 1L << 32, 2000);
        double[][] centroids = centroids(train);
        int right = 0;
        for (int i = 0; i < test.count(); i++) {
            right += nearest(centroids, test, i) == test.labels()[i] ? 1 : 0;
        }
        assertThat(right / (double) test.count()).isBetween(0.6, 0.95);
    }

    @Test
    void badArgumentsAreNamed() {
        assertThatThrownBy(() -> SyntheticDigits.generate(0, 0, -1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("got count -1, expected 0 to 2739137");
        assertThatThrownBy(() -> SyntheticDigits.generate(0, 0, Integer.MAX_VALUE))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("in several parts");
        assertThatThrownBy(() -> SyntheticDigits.render(0, 0, new byte[PIXELS], 1))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(SyntheticDigits.generate(0, 0, 0).count()).isZero();
    }

    @Test
    void imagesChecksItsSizes() {
        assertThatThrownBy(() -> new Images(new byte[5], new byte[1], 1, 2, 2))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("got 5 pixels, expected 1 × 2 × 2");
        assertThatThrownBy(() -> new Images(new byte[4], new byte[2], 1, 2, 2))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("got 2 labels, expected 1");
        assertThatThrownBy(() -> new Images(new byte[0], new byte[0], 0, 0, 2))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("height 0");
    }

    private static double[][] centroids(Images images) {
        double[][] sums = new double[10][PIXELS];
        int[] counts = new int[10];
        for (int i = 0; i < images.count(); i++) {
            int label = images.labels()[i];
            counts[label]++;
            for (int p = 0; p < PIXELS; p++) {
                sums[label][p] += images.pixels()[i * PIXELS + p] & 0xFF;
            }
        }
        for (int label = 0; label < 10; label++) {
            for (int p = 0; p < PIXELS; p++) {
                sums[label][p] /= counts[label];
            }
        }
        return sums;
    }

    private static int nearest(double[][] centroids, Images images, int sample) {
        int best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int label = 0; label < 10; label++) {
            double distance = 0;
            for (int p = 0; p < PIXELS; p++) {
                double difference = (images.pixels()[sample * PIXELS + p] & 0xFF) - centroids[label][p];
                distance += difference * difference;
            }
            if (distance < least) {
                least = distance;
                best = label;
            }
        }
        return best;
    }
}
