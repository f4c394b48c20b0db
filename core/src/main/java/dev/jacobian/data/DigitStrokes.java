package dev.jacobian.data;

import java.util.ArrayList;
import java.util.List;

/**
 * How people write the ten digits: for each several variants, each a few pen strokes through control points.
 *
 * <p>
 * A variant is written as text: points {@code x,y} in percent of the digit's height, y downwards, in the order in which
 * the pen passes them; {@code !} after a point makes a corner there, and {@code /} lifts the pen. Between corners the pen
 * follows a smooth curve through the points.
 */
final class DigitStrokes {

    private static final List<List<Variant>> DIGITS = List.of(
            List.of(variant(3, "32,2 12,18 3,50 12,83 33,98 55,82 62,50 53,17 31,2 20,8"),
                    variant(2, "38,3 20,12 7,38 6,68 18,94 34,97 48,76 54,46 50,16 34,2"),
                    variant(2, "44,4 20,5 2,28 0,64 16,93 44,98 68,80 74,48 64,16 40,3"),
                    variant(2, "46,12 32,2 12,20 5,56 16,90 36,98 54,78 60,40 48,8 34,10 26,18"),
                    variant(1, "26,5 8,24 4,58 16,92 38,97 56,74 58,38 46,10 28,3")),
            List.of(variant(4, "30,0 30,34 30,68 30,100"), variant(3, "38,0 32,36 26,70 20,100"),
                    variant(3, "19,19 27,10 34,0! 34,34 33,68 32,100"),
                    variant(2, "17,20 26,10 34,0! 34,50 34,100! / 10,100 34,100 58,99"),
                    variant(1, "30,0 31,50 30,100 / 12,99 30,100 50,99"), variant(1, "24,9 33,0! 30,36 28,70 30,100")),
            List.of(variant(3, "6,24 20,4 44,3 57,22 47,47 24,74 4,97! 32,97 64,96"),
                    variant(3, "6,22 24,3 48,6 55,28 40,60 17,92 5,90 10,77 27,84 44,96 66,91"),
                    variant(1, "5,14 30,2 57,12 50,36 28,66 3,98! 32,97 63,98"),
                    variant(2, "7,30 11,9 32,0 54,14 51,41 29,70 2,96! 19,88 41,97 66,90"),
                    variant(2, "10,18 30,1 54,8 58,32 42,58 22,78 8,90 2,98! 34,94 70,96"),
                    variant(1, "4,34 14,8 40,0 60,18 48,52 20,86 8,96 3,84 16,78 38,92 68,88")),
            List.of(variant(3, "6,14 26,1 50,8 52,30 24,47! 54,54 62,76 41,98 14,96 2,82"),
                    variant(2, "6,4 30,3 56,3! 42,22 26,40! 52,50 61,74 40,98 4,91"),
                    variant(2, "8,12 30,0 50,12 44,36 24,48 18,43 27,40 47,50 60,72 44,96 16,98 2,86"),
                    variant(2, "10,10 34,0 54,16 46,38 22,46! 48,48 58,66 50,88 26,99 4,92"),
                    variant(1, "4,20 22,2 46,4 54,22 40,42 28,46 42,50 60,64 56,88 30,99 6,92")),
            List.of(variant(3, "15,3 9,32 5,57! 32,59 64,54 / 50,8 47,52 43,100"),
                    variant(2, "42,0 22,32 2,64! 34,66 68,64 / 44,2 44,50 43,100"),
                    variant(2, "47,98 47,50 46,2! 24,34 1,67! 34,67 66,66"),
                    variant(3, "10,4 5,28 13,50 34,51 53,38 / 57,2 53,42 47,100"),
                    variant(2, "14,2 10,26 8,50! 30,52 52,48 / 52,2 51,50 52,100"),
                    variant(1, "34,2 18,28 3,52! 30,56 66,50 / 48,26 44,60 40,100")),
            List.of(variant(3, "17,5 14,24 11,43! 34,36 58,50 60,76 38,98 4,91 / 17,5 38,4 62,3"),
                    variant(3, "60,4 40,4 18,6! 15,24 12,45! 40,38 61,60 51,88 27,99 2,89"),
                    variant(2, "58,7 34,3 17,14 14,36 32,44 54,56 56,82 30,99 3,91"),
                    variant(2, "24,6 18,26 12,46! 36,44 54,60 48,86 24,99 2,94 / 22,6 44,8 66,2"),
                    variant(1, "56,2 36,4 20,4! 20,22 18,40 38,44 54,60 50,86 28,98 6,94")),
            List.of(variant(3, "46,2 22,22 6,56 10,86 32,99 54,86 54,62 34,50 13,62 7,78"),
                    variant(3, "40,0 17,38 4,72 16,96 42,96 56,78 44,58 22,60 8,76"),
                    variant(2, "54,12 38,2 16,18 4,54 10,88 34,99 57,82 50,58 28,54 8,72"),
                    variant(2, "30,0 14,32 5,64 10,90 30,99 48,88 48,70 32,62 16,72 10,86"),
                    variant(1, "58,4 30,24 10,54 6,82 26,99 52,90 50,68 28,66 10,84")),
            List.of(variant(3, "0,6 32,4 66,3! 48,36 32,68 22,100"),
                    variant(2, "2,6 32,5 65,4! 48,36 34,68 25,100 / 18,52 36,50 56,48"),
                    variant(2, "2,22 3,6! 32,5 65,4! 47,34 34,66 27,100"),
                    variant(2, "0,12 22,3 56,5 62,13 46,42 32,70 24,100"),
                    variant(1, "0,17 2,5! 32,7 66,5! 48,40 36,70 30,100 / 22,54 40,51 58,50"),
                    variant(1, "0,4 30,6 64,6! 58,38 50,70 42,100")),
            List.of(variant(3, "52,14 30,0 10,14 16,36 34,48 56,66 54,90 30,100 6,88 8,66 30,48 52,32 53,12"),
                    variant(2, "32,48 13,36 12,13 32,0 52,12 51,36 31,48! 6,62 6,88 32,100 58,88 57,62 33,48"),
                    variant(2, "47,5 21,5 11,21 30,44 52,64 52,90 28,100 7,86 14,62 40,42 55,20 49,5"),
                    variant(2, "50,20 40,2 18,4 14,26 30,44 46,62 46,88 28,99 10,88 14,66 34,46 50,26 54,8"),
                    variant(1, "34,46 16,30 20,8 38,0 52,14 44,36 20,58 6,80 18,98 42,96 54,78 46,58 30,44")),
            List.of(variant(3, "55,16 33,2 9,14 6,40 28,50 50,36 56,9! 55,54 50,100"),
                    variant(3, "54,18 34,2 10,12 6,38 26,52 48,40 57,12! 60,52 48,88 24,99 6,90"),
                    variant(2, "50,14 30,0 7,18 14,44 38,41 53,13! 46,54 30,100"),
                    variant(2, "56,10 28,2 4,22 12,46 36,48 54,28 56,6! 52,52 52,100"),
                    variant(1, "46,6 22,4 6,24 16,44 40,42 56,22 46,4! 60,30 54,66 36,100")));

    private DigitStrokes() {}

    /**
     * The variants of one digit, a variant of weight n being there n times.
     *
     * @param digit 0 to 9
     * @param word  a random word
     * @return one of the digit's variants, each with a probability in proportion to its weight
     */
    static Variant pick(int digit, int word) {
        List<Variant> variants = DIGITS.get(digit);
        int total = 0;
        for (Variant variant : variants) {
            total += variant.weight();
        }
        int ticket = (int) (((word & 0xFFFFFFFFL) * total) >>> 32);
        for (Variant variant : variants) {
            ticket -= variant.weight();
            if (ticket < 0) {
                return variant;
            }
        }
        throw new AssertionError("the weights of digit " + digit + " do not add up");
    }

    private static Variant variant(int weight, String text) {
        List<Stroke> strokes = new ArrayList<>();
        for (String stroke : text.split(" / ", -1)) {
            strokes.add(stroke(stroke));
        }
        return new Variant(weight, List.copyOf(strokes));
    }

    private static Stroke stroke(String text) {
        String[] points = text.split(" ", -1);
        float[] xy = new float[2 * points.length];
        boolean[] corner = new boolean[points.length];
        for (int i = 0; i < points.length; i++) {
            corner[i] = points[i].endsWith("!");
            String[] pair = points[i].replace("!", "").split(",", 2);
            xy[2 * i] = Integer.parseInt(pair[0]) / 100f;
            xy[2 * i + 1] = Integer.parseInt(pair[1]) / 100f;
        }
        return new Stroke(xy, corner);
    }

    /** One way to write a digit, chosen in proportion to its weight. */
    record Variant(int weight, List<Stroke> strokes) {}

    /** What the pen draws between going down and coming up: points {@code (x, y)} in units of the digit's height. */
    static final class Stroke {
        private final float[] xy;
        private final boolean[] corner;

        Stroke(float[] xy, boolean[] corner) {
            this.xy = xy;
            this.corner = corner;
        }

        int points() {
            return corner.length;
        }

        float x(int point) {
            return xy[2 * point];
        }

        float y(int point) {
            return xy[2 * point + 1];
        }

        boolean isCorner(int point) {
            return corner[point];
        }
    }
}
