package dev.jacobian.testing;

import static org.assertj.core.api.Assertions.fail;

import dev.jacobian.backend.DType;

/**
 * How far a result may be from the float64 reference: so many units in the last place of the largest of the expected
 * element, the scale and the floor. None at all means the same bits.
 *
 * @param ulps units in the last place
 * @param scale what units are counted of, besides the element
 * @param floor the least magnitude that they are counted of
 */
public record Tolerance(double ulps, Scale scale, double floor) {
    /** The same bits, but for those of NaN. */
    static final Tolerance EXACT = new Tolerance(0, Scale.ELEMENT, 0);

    /** What units in the last place are counted of. */
    public enum Scale {
        /** The element itself. */
        ELEMENT,
        /** The function of the inputs' magnitudes: the sum of magnitudes, for sums and products. */
        MAGNITUDES,
        /** The largest finite element of the result, for rows that are normalised by their largest. */
        LARGEST
    }

    static Tolerance ulps(double ulps) {
        return new Tolerance(ulps, Scale.ELEMENT, 0);
    }

    /** Units of the sum of magnitudes. */
    static Tolerance ofMagnitudes(double ulps) {
        return new Tolerance(ulps, Scale.MAGNITUDES, 0);
    }

    static Tolerance ofLargest(double ulps) {
        return new Tolerance(ulps, Scale.LARGEST, 0);
    }

    /** Units of at least the given magnitude, where terms of that size cancel. */
    Tolerance above(double least) {
        return new Tolerance(ulps, scale, least);
    }

    /** Twice as far, for comparing two results that are both rounded. */
    Tolerance doubled() {
        return new Tolerance(2 * ulps, scale, floor);
    }

    /**
     * Holds results against expected ones.
     *
     * @param what for the message
     * @param got float32 or float64 elements, as doubles
     * @param want expected elements
     * @param magnitudes of {@link Scale#MAGNITUDES}, else unused
     * @param dtype the type that the results were computed in
     */
    void check(String what, double[] got, double[] want, double[] magnitudes, DType dtype) {
        if (got.length != want.length) {
            fail("%s: %d elements, expected %d", what, got.length, want.length);
        }
        double largest = 0;
        for (double value : want) {
            if (Double.isFinite(value)) {
                largest = Math.max(largest, Math.abs(value));
            }
        }
        for (int i = 0; i < want.length; i++) {
            double reach = Math.max(floor, switch (scale) {
                case ELEMENT -> 0;
                case MAGNITUDES -> Math.abs(magnitudes[i]);
                case LARGEST -> largest;
            });
            if (!close(got[i], want[i], reach, dtype)) {
                fail("%s: element %d of %d is %s, expected %s (%s ulp of %s, %s)", what, i, want.length, got[i],
                        want[i],
                        ulps, Math.max(reach, Math.abs(want[i])), dtype);
            }
        }
    }

    private boolean close(double got, double want, double reach, DType dtype) {
        if (Double.isNaN(want) || Double.isNaN(got)) {
            return Double.isNaN(want) && Double.isNaN(got);
        }
        boolean narrow = dtype == DType.FLOAT32;
        double rounded = narrow ? (float) want : want;
        if (ulps == 0) {
            return Double.compare(got, rounded) == 0;
        }
        if (got == rounded) {
            return true;
        }
        double size = Math.max(Math.abs(rounded), Math.min(reach, Float.MAX_VALUE));
        if (Double.isInfinite(rounded) || Double.isInfinite(got)) {
            // Next to the largest number, a unit decides whether a result is infinite.
            double edge = narrow ? Float.MAX_VALUE : Double.MAX_VALUE;
            double finite = Double.isInfinite(got) ? rounded : got;
            return Math.signum(got) == Math.signum(rounded)
                    && Math.abs(finite) >= edge * (1 - ulps * (narrow ? 0x1p-23 : 0x1p-52))
                    && !(Double.isInfinite(rounded) && Double.isInfinite(got));
        }
        // float64 results are compared with others in float64, whose own errors count as much.
        double unit = narrow ? Math.ulp((float) size) : 4 * Math.ulp(size);
        return Math.abs(got - want) <= ulps * unit;
    }
}
