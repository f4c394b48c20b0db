package dev.jacobian.testing;

import java.util.SplittableRandom;

/** What numbers an input is drawn from. All are float32 numbers, so that float32 and float64 runs see the same ones. */
enum Domain {
    /** −3..3. */
    REAL,
    /** −3..3 but for −0.1..0.1, where functions have kinks and poles. */
    NONZERO,
    /** 0.2..4. */
    POSITIVE,
    /** −0.8..4, for ln(1 + x). */
    ABOVE_MINUS_ONE,
    /** −1..1. */
    UNIT,
    /** Magnitudes from 10⁻³ to 10³. */
    WIDE,
    /** −3..3, at least 0.1 from integers and from integers and a half, where rounding jumps. */
    OFF_INTEGER,
    /** Integers −9..9. */
    INTEGER,
    /** 0 or 1. */
    BIT;

    /** What functions treat specially: zeros, infinities, NaN, denormals, largest, smallest, ends of ranges. */
    static final double[] SPECIAL = special();

    private static double[] special() {
        float[] positive = {
                0, Float.POSITIVE_INFINITY, Float.MIN_VALUE, 1e-40f, Float.MIN_NORMAL, Float.MAX_VALUE, 1e-8f, 0.5f, 1,
                1.5f, 2, 2.5f, 88.5f, 88.8f, 104, 8388607.5f, 16777216};
        double[] all = new double[2 * positive.length + 1];
        for (int i = 0; i < positive.length; i++) {
            all[2 * i] = positive[i];
            all[2 * i + 1] = -positive[i];
        }
        all[all.length - 1] = Double.NaN;
        return all;
    }

    double draw(SplittableRandom random) {
        double signed = random.nextDouble(-1, 1);
        double drawn = switch (this) {
            case REAL -> 3 * signed;
            case NONZERO -> Math.copySign(0.1 + 2.9 * Math.abs(signed), signed);
            case POSITIVE -> random.nextDouble(0.2, 4);
            case ABOVE_MINUS_ONE -> random.nextDouble(-0.8, 4);
            case UNIT -> signed;
            case WIDE -> Math.copySign(Math.pow(10, random.nextDouble(-3, 3)), signed);
            case OFF_INTEGER -> random.nextInt(-6, 6) * 0.5 + random.nextDouble(0.1, 0.4);
            case INTEGER -> random.nextInt(-9, 10);
            case BIT -> random.nextInt(2);
        };
        return (float) drawn;
    }

    double[] draw(int count, String seed) {
        SplittableRandom random = new SplittableRandom(seed.hashCode());
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = draw(random);
        }
        return values;
    }
}
