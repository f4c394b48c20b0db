package dev.jacobian.data;

import java.util.Arrays;

/** The pen's way over the paper: points with the pen's half width there, from which straight pieces are drawn. */
final class DigitPath {

    private static final int PIECES_PER_SPAN = 5;

    private float[] x = new float[96];
    private float[] y = new float[96];
    private float[] halfWidth = new float[96];
    private boolean[] penDown = new boolean[96];
    private int count;

    int count() {
        return count;
    }

    float x(int point) {
        return x[point];
    }

    float y(int point) {
        return y[point];
    }

    float halfWidth(int point) {
        return halfWidth[point];
    }

    /** Whether the pen draws on its way to this point from the one before. */
    boolean penDown(int point) {
        return penDown[point];
    }

    /**
     * Appends a stroke: a Catmull-Rom curve through its points, shaken by {@code wobble}.
     *
     * @param stroke the stroke
     * @param wobble standard deviation of the points' own displacements, in units of the digit's height
     * @param words  where the displacements are drawn from
     */
    void append(DigitStrokes.Stroke stroke, float wobble, RandomWords words) {
        int points = stroke.points();
        float[] px = new float[points];
        float[] py = new float[points];
        for (int i = 0; i < points; i++) {
            px[i] = stroke.x(i) + words.normal(wobble);
            py[i] = stroke.y(i) + words.normal(wobble);
        }
        add(px[0], py[0], false);
        for (int i = 0; i + 1 < points; i++) {
            int before = i == 0 || stroke.isCorner(i) ? i : i - 1;
            int after = i + 2 == points || stroke.isCorner(i + 1) ? i + 1 : i + 2;
            for (int k = 1; k <= PIECES_PER_SPAN; k++) {
                float t = k / (float) PIECES_PER_SPAN;
                add(catmullRom(px[before], px[i], px[i + 1], px[after], t),
                        catmullRom(py[before], py[i], py[i + 1], py[after], t), true);
            }
        }
    }

    private static float catmullRom(float a, float b, float c, float d, float t) {
        return b + 0.5f * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
    }

    private void add(float px, float py, boolean down) {
        if (count == x.length) {
            x = Arrays.copyOf(x, 2 * count);
            y = Arrays.copyOf(y, 2 * count);
            halfWidth = Arrays.copyOf(halfWidth, 2 * count);
            penDown = Arrays.copyOf(penDown, 2 * count);
        }
        x[count] = px;
        y[count] = py;
        penDown[count] = down;
        count++;
    }

    /**
     * Bends the paper: adds to every point a displacement that varies smoothly over the paper.
     *
     * @param dx sixteen displacements to the right, the coefficients of a bicubic Bernstein polynomial over the digit's box
     * @param dy sixteen displacements downwards
     */
    void bend(float[] dx, float[] dy) {
        float[] across = new float[4];
        float[] down = new float[4];
        for (int i = 0; i < count; i++) {
            bernstein(x[i] / 0.65f, across);
            bernstein(y[i], down);
            float sumX = 0;
            float sumY = 0;
            for (int k = 0; k < 16; k++) {
                float weight = across[k & 3] * down[k >> 2];
                sumX += weight * dx[k];
                sumY += weight * dy[k];
            }
            x[i] += sumX;
            y[i] += sumY;
        }
    }

    private static void bernstein(float position, float[] out) {
        float t = Math.clamp(position, 0f, 1f);
        float s = 1 - t;
        out[0] = s * s * s;
        out[1] = 3 * s * s * t;
        out[2] = 3 * s * t * t;
        out[3] = t * t * t;
    }

    /** Maps every point: {@code x' = a x + b y}, {@code y' = c x + d y}. */
    void transform(float a, float b, float c, float d) {
        for (int i = 0; i < count; i++) {
            float oldX = x[i];
            x[i] = a * oldX + b * y[i];
            y[i] = c * oldX + d * y[i];
        }
    }

    /**
     * Gives every point the pen's half width: a parabola over the whole way, since a hand changes its pressure slowly.
     *
     * @param start  half width at the first point, in pixels
     * @param middle half width half-way
     * @param end    half width at the last point
     */
    void press(float start, float middle, float end) {
        for (int i = 0; i < count; i++) {
            float t = i / (float) (count - 1);
            float s = 1 - t;
            halfWidth[i] = start * s * (1 - 2 * t) + middle * 4 * s * t + end * t * (2 * t - 1);
        }
    }

    /** Scales the points so that the longer side of their bounding box is {@code side}. */
    void fit(float side) {
        float left = x[0];
        float right = x[0];
        float top = y[0];
        float bottom = y[0];
        for (int i = 1; i < count; i++) {
            left = Math.min(left, x[i]);
            right = Math.max(right, x[i]);
            top = Math.min(top, y[i]);
            bottom = Math.max(bottom, y[i]);
        }
        float scale = side / Math.max(right - left, bottom - top);
        transform(scale, 0, 0, scale);
    }

    /** Moves the points so that the centre of mass of the ink is at (toX, toY). */
    void centre(float toX, float toY) {
        float mass = 0;
        float sumX = 0;
        float sumY = 0;
        for (int i = 1; i < count; i++) {
            if (penDown[i]) {
                float stepX = x[i] - x[i - 1];
                float stepY = y[i] - y[i - 1];
                float ink = (float) Math.sqrt(stepX * stepX + stepY * stepY) * (halfWidth[i] + halfWidth[i - 1]);
                mass += ink;
                sumX += ink * (x[i] + x[i - 1]) / 2;
                sumY += ink * (y[i] + y[i - 1]) / 2;
            }
        }
        float shiftX = toX - sumX / mass;
        float shiftY = toY - sumY / mass;
        for (int i = 0; i < count; i++) {
            x[i] += shiftX;
            y[i] += shiftY;
        }
    }
}
