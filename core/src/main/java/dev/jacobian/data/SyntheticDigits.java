package dev.jacobian.data;

import dev.jacobian.backend.Philox;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Handwritten-looking digits that the program draws itself: the data set that is always there.
 *
 * <p>
 * A sample is a pure function of (seed, index): its random words choose the digit, one of several ways to write it, and
 * then a hand: displaced control points, a smoothly bent paper, proportions, slant, rotation, size, the pen's width and
 * pressure, the sharpness of its edge and the paper's grain. As in MNIST, an image has 28 × 28 pixels, 0 is background and
 * 255 is full ink, the digit's longer side takes about 20 pixels, and its centre of mass lies near the centre of the image.
 *
 * <p>
 * Only integer operations and the IEEE operations {@code + - * / sqrt} are used, so every platform draws the same bytes,
 * with any number of threads.
 */
public final class SyntheticDigits {

    /** Rows of an image, and columns. */
    public static final int SIDE = 28;

    /** Bytes of an image. */
    public static final int PIXELS = SIDE * SIDE;

    private static final String PURPOSE = "synthetic digits";
    private static final float CENTRE = (SIDE - 1) / 2f;
    private static final float BOX = 20;

    private static final float WOBBLE = 0.023f;
    private static final float BEND = 0.075f;
    private static final float ASPECT = 0.17f;
    private static final float SLANT = 0.24f;
    private static final float MEAN_SLANT = 0.1f;
    private static final float TURN = 0.13f;
    private static final float SHIFT = 0.7f;
    private static final float PRESSURE = 0.12f;

    private SyntheticDigits() {}

    /**
     * Draws one digit.
     *
     * @param seed      the data set
     * @param index     the sample's number in it; every value is valid
     * @param pixels784 receives 784 unsigned bytes, row-major
     * @param offset    where in {@code pixels784} the image begins
     * @return the label, 0 to 9
     * @throws IndexOutOfBoundsException if the array has no room for 784 bytes at {@code offset}
     */
    public static int render(long seed, long index, byte[] pixels784, int offset) {
        Objects.checkFromIndexSize(offset, PIXELS, pixels784.length);
        RandomWords words = new RandomWords(seed, Philox.streamOf(PURPOSE, index));
        int label = (int) (((words.word() & 0xFFFFFFFFL) * 10) >>> 32);
        DigitPath path = write(DigitStrokes.pick(label, words.word()), words);
        float[] ink = new float[PIXELS];
        DigitInk.draw(path, words.uniform(0.8f, 1.5f), ink, SIDE);
        DigitInk.expose(ink, words, pixels784, offset);
        return label;
    }

    /**
     * Draws consecutive samples, on the threads of the common pool.
     *
     * @param seed  the data set
     * @param first index of the first sample
     * @param count how many, at least 0 and at most about 2.7 million
     * @return the samples {@code first} to {@code first + count - 1}
     * @throws IllegalArgumentException if {@code count} is negative or the pixels do not fit one array
     */
    public static Images generate(long seed, long first, int count) {
        if (count < 0 || count > Integer.MAX_VALUE / PIXELS) {
            throw new IllegalArgumentException("synthetic digits: got count " + count + ", expected 0 to "
                    + Integer.MAX_VALUE / PIXELS + "; draw more in several parts");
        }
        byte[] pixels = new byte[count * PIXELS];
        byte[] labels = new byte[count];
        IntStream.range(0, count).parallel()
                .forEach(i -> labels[i] = (byte) render(seed, first + i, pixels, i * PIXELS));
        return new Images(pixels, labels, count, SIDE, SIDE);
    }

    private static DigitPath write(DigitStrokes.Variant variant, RandomWords words) {
        DigitPath path = new DigitPath();
        for (DigitStrokes.Stroke stroke : variant.strokes()) {
            path.append(stroke, WOBBLE, words);
        }
        path.bend(normals(BEND, words), normals(BEND, words));
        float aspect = 1 + words.normal(ASPECT);
        float slant = MEAN_SLANT + words.normal(SLANT);
        path.transform(aspect, -slant, 0, 1);
        turn(path, words.normal(TURN));
        float width = words.uniform(0.75f, 1.7f);
        path.press(width * (1 + words.normal(PRESSURE)), width, width * (1 + words.normal(PRESSURE)));
        path.fit(BOX * words.uniform(0.86f, 1.05f) - 2 * width);
        path.centre(CENTRE + words.normal(SHIFT), CENTRE + words.normal(SHIFT));
        return path;
    }

    private static float[] normals(float deviation, RandomWords words) {
        float[] values = new float[16];
        for (int i = 0; i < values.length; i++) {
            values[i] = words.normal(deviation);
        }
        return values;
    }

    /** Rotates by {@code angle} radians (to third order); the tangent of half the angle needs no sine. */
    private static void turn(DigitPath path, float angle) {
        float t = angle / 2;
        float scale = 1 / (1 + t * t);
        float cos = (1 - t * t) * scale;
        float sin = 2 * t * scale;
        path.transform(cos, -sin, sin, cos);
    }
}
