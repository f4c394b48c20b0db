package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.fma;

import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.cpu.PlainMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Transcendental functions of vectors of float32. The JDK's own are not used: they call a native library once their
 * loop is compiled and {@link StrictMath} before that, so that a result would depend on when it was computed.
 *
 * <p>No function has more than about 35 vector operations: the compiler stops inlining at 18,000 nodes, and takes 500 for
 * each operation before it simplifies them. What is left then makes an object of every vector, ten times slower.
 *
 * <p>Every function is a reduction of the argument and a minimax polynomial made by Remez' algorithm in 40 digits. Errors
 * are at most 2 units in the last place ({@link #tanh} and {@link #sigmoid}: 3). Zeros, infinities, NaN, denormals,
 * overflow and underflow are those of {@link StrictMath}.
 */
final class VectorMath {
    /** 1.5 · 2²³: adding it rounds a float below 2²² to an integer, which is then in the low bits. */
    private static final float ROUNDING = 0x1.8p23f;

    private static final int ROUNDING_BITS = Float.floatToRawIntBits(ROUNDING);
    private static final float LOG2_E = 1.442695f;
    private static final float LN2 = 0.6931472f;

    /** ln 2 in two parts, the first so short that its multiples are exact. */
    private static final float LN2_HIGH = 0.6933594f;
    private static final float LN2_LOW = -2.12194440e-4f;

    /** π/2 in four parts, the first two so short that their multiples are exact. */
    private static final float HALF_PI_1 = 1.5703125f;
    private static final float HALF_PI_2 = 4.837513e-4f;
    private static final float HALF_PI_3 = 0x1.4442d2p-24f;
    private static final float HALF_PI_4 = -1.7151245e-15f;

    /** Beyond this, multiples of π/2 in four parts are not exact enough. */
    private static final float LARGEST_ANGLE = 8192;

    private static final int SIGN_BIT = Integer.MIN_VALUE;

    private VectorMath() {}

    static FloatVector exp(FloatVector x) {
        return expOfFinite(atLeast(atMost(x, 89), -104));
    }

    /** eˣ for x ≤ 0 or NaN: as {@link #exp}, in fewer operations. */
    static FloatVector expOfNegative(FloatVector x) {
        FloatVector finite = atLeast(x, -104);
        FloatVector rounded = fma(finite, LOG2_E, all(ROUNDING + 151));
        FloatVector n = rounded.sub(ROUNDING + 151);
        FloatVector p = expm1Near0(fma(n, -LN2_LOW, fma(n, -LN2_HIGH, finite))).add(1);
        // 2ⁿ⁺²⁴ is a normal float, and p 2ⁿ⁺²⁴ exact, even where the result is denormal.
        return p.mul(exponent(rounded.reinterpretAsInts())).mul(0x1p-24f);
    }

    /** eˣ for x in −104..89 or NaN. */
    private static FloatVector expOfFinite(FloatVector x) {
        FloatVector rounded = fma(x, LOG2_E, all(ROUNDING));
        FloatVector n = rounded.sub(ROUNDING);
        FloatVector p = expm1Near0(fma(n, -LN2_LOW, fma(n, -LN2_HIGH, x))).add(1);
        // 2ⁿ in two factors: for a denormal result n is below the smallest exponent.
        IntVector k = rounded.reinterpretAsInts().sub(ROUNDING_BITS);
        IntVector half = k.lanewise(VectorOperators.ASHR, 1);
        return p.mul(powerOf2(half)).mul(powerOf2(k.sub(half)));
    }

    /** 2ˣ for x ≤ 0 or NaN, not far above 0 at most; 0 below 2⁻¹²⁷, about. */
    static FloatVector exp2OfNegative(FloatVector x) {
        FloatVector least = atLeast(x, -127);
        FloatVector rounded = least.add(ROUNDING + 127);
        FloatVector r = least.sub(rounded.sub(ROUNDING + 127));
        FloatVector p = fma(all(0.00015594678f), r, 0.0013406643f);
        p = fma(p, r, 0.009617693f);
        p = fma(p, r, 0.055503104f);
        p = fma(p, r, 0.24022652f);
        p = fma(p, r, LN2);
        return fma(p, r, 1).mul(exponent(rounded.reinterpretAsInts()));
    }

    static FloatVector expm1(FloatVector x) {
        FloatVector y = expm1OfFinite(atLeast(atMost(x, 89), -18));
        return y.blend(x, x.abs().compare(VectorOperators.LT, 0x1p-25f));
    }

    /** eˣ − 1 for x in −18..89 or NaN; a negative zero loses its sign. */
    private static FloatVector expm1OfFinite(FloatVector x) {
        FloatVector rounded = fma(x, LOG2_E, all(ROUNDING + 126));
        FloatVector n = rounded.sub(ROUNDING + 126);
        FloatVector q = expm1Near0(fma(n, -LN2_LOW, fma(n, -LN2_HIGH, x)));
        // 2ⁿ q + (2ⁿ − 1), everything halved, since 2¹²⁸ is no float.
        FloatVector half = exponent(rounded.reinterpretAsInts());
        FloatVector y = fma(half, q, half.sub(0.5f));
        return y.add(y);
    }

    /** eʳ − 1 for |r| ≤ ln 2 / 2. */
    private static FloatVector expm1Near0(FloatVector r) {
        FloatVector p = fma(all(0.0013947018f), r, 0.008366911f);
        p = fma(p, r, 0.041666273f);
        p = fma(p, r, 0.1666654f);
        p = fma(p, r, 0.5f);
        return fma(p, r.mul(r), r);
    }

    /** 2ⁿ. */
    private static FloatVector powerOf2(IntVector n) {
        return exponent(n.add(127));
    }

    /** The power of 2 whose exponent field is the low bits of an integer; those of a float that was rounded will do. */
    private static FloatVector exponent(IntVector bits) {
        return bits.lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
    }

    /** The larger of x and a number; NaN stays NaN. */
    private static FloatVector atLeast(FloatVector x, float low) {
        return x.blend(low, x.compare(VectorOperators.LT, low));
    }

    /** The smaller of x and a number; NaN stays NaN. */
    static FloatVector atMost(FloatVector x, float high) {
        return x.blend(high, x.compare(VectorOperators.GT, high));
    }

    static FloatVector log(FloatVector x) {
        VectorMask<Float> small = x.compare(VectorOperators.LT, Float.MIN_NORMAL);
        FloatVector y = logOfNormal(x.blend(x.mul(0x1p25f), small), all(ROUNDING).blend(ROUNDING + 25, small));
        y = y.blend(Float.NEGATIVE_INFINITY, x.compare(VectorOperators.EQ, 0));
        y = y.blend(x, x.compare(VectorOperators.EQ, Float.POSITIVE_INFINITY));
        return all(Float.NaN).blend(y, x.compare(VectorOperators.GE, 0));
    }

    /** ln x for normal floats or NaN; of 0 something finite. */
    static FloatVector logOfPositive(FloatVector x) {
        return fma(x, 0, logOfNormal(x, all(ROUNDING)));
    }

    /** ln(x 2⁻ˢ) for x from the smallest normal float on and s = shift − {@link #ROUNDING}. */
    private static FloatVector logOfNormal(FloatVector x, FloatVector shift) {
        IntVector bits = x.reinterpretAsInts();
        // Taking √½ from the bits makes the exponent that of the nearest power of 2 in the logarithmic sense.
        IntVector e = bits.sub(0x3F3504F3).lanewise(VectorOperators.ASHR, 23);
        FloatVector f = bits.sub(e.lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats().sub(1);
        return logNear1(f, e.add(ROUNDING_BITS).reinterpretAsFloats().sub(shift));
    }

    /** ln((1 + f) 2ⁿ) for 1 + f in √½..√2. */
    private static FloatVector logNear1(FloatVector f, FloatVector n) {
        FloatVector p = fma(all(0.08919136f), f, -0.14351918f);
        p = fma(p, f, 0.14877264f);
        p = fma(p, f, -0.16565444f);
        p = fma(p, f, 0.19965357f);
        p = fma(p, f, -0.25001752f);
        p = fma(p, f, 0.3333386f);
        FloatVector square = f.mul(f);
        FloatVector y = fma(n, LN2_LOW, p.mul(f).mul(square));
        return fma(n, LN2_HIGH, f.add(fma(square, -0.5f, y)));
    }

    /** The first stage of {@link #log1p}: ln(1 + x) for x above −1. */
    static FloatVector logOfOnePlus(FloatVector x) {
        return logOfNormal(x.add(1), all(ROUNDING));
    }

    /** ln(1 + x): what is lost in rounding 1 + x = u is d = x − (u − 1), and ln(u + d) ≈ ln u + d/u. */
    static FloatVector log1p(FloatVector x, FloatVector logOfOnePlus) {
        FloatVector u = x.add(1);
        FloatVector y = logOfOnePlus.add(x.sub(u.sub(1)).div(u));
        // What doubling does not change is ±0 or infinite.
        y = y.blend(x, x.compare(VectorOperators.EQ, x.add(x)));
        y = y.blend(Float.NEGATIVE_INFINITY, x.compare(VectorOperators.EQ, -1));
        return all(Float.NaN).blend(y, x.compare(VectorOperators.GE, -1));
    }

    /** With e = e^(2|x|) − 1, tanh |x| = e / (e + 2); 1 to the last bit from 9.1 on. */
    static FloatVector tanh(FloatVector x) {
        FloatVector size = x.abs();
        FloatVector e = expm1OfFinite(atMost(size.add(size), 20));
        return withSign(e.div(e.add(2)), x);
    }

    /** With e = e^(−|x|): 1 / (1 + e) on the right and e / (1 + e) on the left, neither of which overflows. */
    static FloatVector sigmoid(FloatVector x) {
        FloatVector e = expOfNegative(x.abs().neg());
        FloatVector right = all(1).div(e.add(1));
        return right.blend(e.mul(right), x.compare(VectorOperators.LT, 0));
    }

    /** The first stage of {@link #erf}: erf(x)/x − 1 for |x| below 1, from there on erf |x| = 1 − e^(−q), 1 from 4 on. */
    static FloatVector erfOfSize(FloatVector x) {
        FloatVector size = x.abs();
        FloatVector q = erfExponent(size.min(4));
        // e^q as in exp, but for small exponents and an accuracy that 1 − e^q needs.
        FloatVector rounded = fma(q, LOG2_E, all(ROUNDING + 127));
        FloatVector p = expm1Near0(fma(rounded.sub(ROUNDING + 127), -LN2, q)).add(1);
        FloatVector large = all(1).sub(p.mul(exponent(rounded.reinterpretAsInts())));
        return erfNear0(x.mul(x)).blend(large, size.compare(VectorOperators.GE, 1));
    }

    static FloatVector erf(FloatVector x, FloatVector ofSize) {
        return fma(x, ofSize, x).blend(withSign(ofSize, x), x.abs().compare(VectorOperators.GE, 1));
    }

    /** erf(x)/x − 1 for x² = s ≤ 1. */
    private static FloatVector erfNear0(FloatVector s) {
        FloatVector p = fma(all(-0.0005631421f), s, 0.0049175513f);
        p = fma(p, s, -0.026711311f);
        p = fma(p, s, 0.1128018f);
        p = fma(p, s, -0.37612325f);
        return fma(p, s, 0.12837912f);
    }

    /** ln(1 − erf(t)) for t in 0.98..4. */
    private static FloatVector erfExponent(FloatVector t) {
        FloatVector q = fma(all(0.00018882178f), t, -0.0029724243f);
        q = fma(q, t, 0.02194036f);
        q = fma(q, t, -0.10332721f);
        q = fma(q, t, -0.63788325f);
        q = fma(q, t, -1.1272514f);
        return fma(q, t, -0.0003004519f);
    }

    static FloatVector sin(FloatVector x) {
        FloatVector y = quarterTurns(x, 0);
        y = y.blend(x, x.abs().compare(VectorOperators.LT, 0x1p-13f));
        VectorMask<Float> large = x.abs().compare(VectorOperators.GE, LARGEST_ANGLE);
        return large.anyTrue() ? patch(UnaryOp.SIN, x, y, large) : y;
    }

    static FloatVector cos(FloatVector x) {
        FloatVector y = quarterTurns(x, 1);
        VectorMask<Float> large = x.abs().compare(VectorOperators.GE, LARGEST_ANGLE);
        return large.anyTrue() ? patch(UnaryOp.COS, x, y, large) : y;
    }

    /** sin(x + turns · π/2). */
    private static FloatVector quarterTurns(FloatVector x, int turns) {
        FloatVector rounded = fma(x, 0.63661975f, all(ROUNDING));
        FloatVector n = rounded.sub(ROUNDING);
        FloatVector r = fma(n, -HALF_PI_2, fma(n, -HALF_PI_1, x));
        r = fma(n, -HALF_PI_4, fma(n, -HALF_PI_3, r));
        FloatVector s = r.mul(r);
        IntVector quarter = rounded.reinterpretAsInts().add(turns);
        VectorMask<Float> odd = quarter.and(1).compare(VectorOperators.NE, 0).cast(Lanes.SPECIES);
        FloatVector y = sinNear0(r, s).blend(cosNear0(s), odd);
        IntVector sign = quarter.lanewise(VectorOperators.LSHL, 30).and(SIGN_BIT);
        return y.reinterpretAsInts().lanewise(VectorOperators.XOR, sign).reinterpretAsFloats();
    }

    private static FloatVector sinNear0(FloatVector r, FloatVector s) {
        FloatVector p = fma(all(-0.00019516656f), s, 0.008332173f);
        p = fma(p, s, -0.16666655f);
        return fma(p.mul(s), r, r);
    }

    private static FloatVector cosNear0(FloatVector s) {
        FloatVector p = fma(all(2.443773e-05f), s, -0.0013887362f);
        p = fma(p, s, 0.041666646f);
        return fma(p, s.mul(s), fma(s, -0.5f, all(1)));
    }

    private static FloatVector patch(UnaryOp op, FloatVector x, FloatVector y, VectorMask<Float> where) {
        float[] from = x.toArray();
        float[] to = y.toArray();
        for (int i = 0; i < to.length; i++) {
            if (where.laneIsSet(i)) {
                to[i] = (float) PlainMath.apply(op, from[i]);
            }
        }
        return FloatVector.fromArray(Lanes.SPECIES, to, 0);
    }

    static FloatVector pow(FloatVector a, FloatVector b) {
        float[] base = a.toArray();
        float[] exponent = b.toArray();
        for (int i = 0; i < base.length; i++) {
            base[i] = (float) PlainMath.apply(BinaryOp.POW, base[i], exponent[i]);
        }
        return FloatVector.fromArray(Lanes.SPECIES, base, 0);
    }

    /** To the nearest integer, halves to even: a float from 2²³ on is one already. */
    static FloatVector round(FloatVector x) {
        FloatVector size = x.abs();
        FloatVector y = withSign(size.add(0x1p23f).sub(0x1p23f), x);
        return x.blend(y, size.compare(VectorOperators.LT, 0x1p23f));
    }

    static FloatVector floor(FloatVector x) {
        FloatVector y = round(x);
        return withSign(y.blend(y.sub(1), y.compare(VectorOperators.GT, x)).abs(), x);
    }

    static FloatVector ceil(FloatVector x) {
        FloatVector y = round(x);
        return withSign(y.blend(y.add(1), y.compare(VectorOperators.LT, x)).abs(), x);
    }

    /** What is not negative, with the sign of something else. */
    private static FloatVector withSign(FloatVector size, FloatVector sign) {
        IntVector bits = sign.reinterpretAsInts().and(SIGN_BIT);
        return size.reinterpretAsInts().or(bits).reinterpretAsFloats();
    }
}
