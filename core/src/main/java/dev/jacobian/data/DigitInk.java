package dev.jacobian.data;

import java.util.Arrays;

/** Turns the pen's way into pixels. */
final class DigitInk {

    private DigitInk() {}

    /**
     * Draws every piece of the way with round ends; where pieces overlap, the darker one counts.
     *
     * @param path what to draw, in pixels; pixel (row, column) is the point (x = column, y = row)
     * @param edge over how many pixels the ink fades at its edge
     * @param ink  side × side pixels, 0 to 1; darkened, never lightened
     * @param side rows, and columns
     */
    static void draw(DigitPath path, float edge, float[] ink, int side) {
        for (int i = 1; i < path.count(); i++) {
            if (path.penDown(i)) {
                drawPiece(path, i, edge, ink, side);
            }
        }
    }

    private static void drawPiece(DigitPath path, int to, float edge, float[] ink, int side) {
        float ax = path.x(to - 1);
        float ay = path.y(to - 1);
        float bx = path.x(to);
        float by = path.y(to);
        float aw = path.halfWidth(to - 1);
        float bw = path.halfWidth(to);
        float reach = Math.max(aw, bw) + edge / 2;
        int left = Math.max(0, (int) (Math.min(ax, bx) - reach));
        int right = Math.min(side - 1, (int) (Math.max(ax, bx) + reach));
        int top = Math.max(0, (int) (Math.min(ay, by) - reach));
        int bottom = Math.min(side - 1, (int) (Math.max(ay, by) + reach));
        float vx = bx - ax;
        float vy = by - ay;
        float length2 = vx * vx + vy * vy;
        float invLength2 = length2 > 0 ? 1 / length2 : 0;
        float invEdge = 1 / edge;
        for (int row = top; row <= bottom; row++) {
            for (int column = left; column <= right; column++) {
                float px = column - ax;
                float py = row - ay;
                float t = Math.clamp((px * vx + py * vy) * invLength2, 0f, 1f);
                float dx = px - t * vx;
                float dy = py - t * vy;
                float distance2 = dx * dx + dy * dy;
                if (distance2 < reach * reach) {
                    float inside = aw + t * (bw - aw) - (float) Math.sqrt(distance2);
                    float value = Math.min(1f, inside * invEdge + 0.5f);
                    int pixel = row * side + column;
                    ink[pixel] = Math.max(ink[pixel], value);
                }
            }
        }
    }

    /**
     * Turns ink into bytes, with the paper's grain in it; background stays 0.
     *
     * @param ink    pixels, 0 to 1
     * @param words  where strength and grain are drawn from
     * @param target receives {@code ink.length} unsigned bytes
     * @param offset where they begin
     */
    static void expose(float[] ink, RandomWords words, byte[] target, int offset) {
        float strength = 255 * words.uniform(0.88f, 1.1f);
        float grain = words.uniform(0f, 0.3f);
        Arrays.fill(target, offset, offset + ink.length, (byte) 0);
        for (int i = 0; i < ink.length; i++) {
            if (ink[i] > 0) {
                float value = strength * ink[i] * (1 - words.uniform(0f, grain));
                target[offset + i] = (byte) (int) Math.min(255f, value + 0.5f);
            }
        }
    }
}
