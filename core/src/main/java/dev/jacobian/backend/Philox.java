package dev.jacobian.backend;

/**
 * Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: <i>Parallel random numbers: as easy as 1, 2,
 * 3</i>, 2011), and the two conversions of its words to floats.
 *
 * <p>
 * Nothing here has state: a word is a pure function of (seed, stream, step, block), so any thread may draw any element.
 * Every conversion is written in integer operations and in the IEEE operations {@code + - * / sqrt} on floats, none of
 * them contracted, so the same text gives the same bits on a device with correctly rounded operations.
 */
public final class Philox {

    private static final int ROUNDS = 10;
    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int KEY_STEP_0 = 0x9E3779B9;
    private static final int KEY_STEP_1 = 0xBB67AE85;
    private static final long LOW_32 = 0xFFFFFFFFL;

    private static final float TWO_POW_MINUS_24 = 0x1p-24f;
    private static final float TWO_POW_MINUS_25 = 0x1p-25f;

    private static final long FNV_OFFSET = 0xCBF29CE484222325L;
    private static final long FNV_PRIME = 0x100000001B3L;
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private Philox() {}

    /**
     * Computes one block of four random words.
     *
     * <p>
     * The counter is {@code (block, step, low half of stream, high half of stream)}, the key is
     * {@code (low half of seed, high half of seed)}, first word first.
     *
     * @param seed   the key, both halves used
     * @param stream which sequence, as from {@link #streamOf(String, long)}
     * @param step   the training step, or any second index; all 2<sup>32</sup> values are valid
     * @param block  the block's index within the sequence; element i of a sequence is word i mod 4 of block i / 4
     * @param out4   receives the four words at indices 0 to 3
     * @throws ArrayIndexOutOfBoundsException if {@code out4} has fewer than four elements
     */
    public static void block(long seed, long stream, int step, int block, int[] out4) {
        int c0 = block;
        int c1 = step;
        int c2 = (int) stream;
        int c3 = (int) (stream >>> 32);
        int k0 = (int) seed;
        int k1 = (int) (seed >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long p0 = MULTIPLIER_0 * (c0 & LOW_32);
            long p1 = MULTIPLIER_1 * (c2 & LOW_32);
            c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            c1 = (int) p1;
            c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c3 = (int) p0;
            k0 += KEY_STEP_0;
            k1 += KEY_STEP_1;
        }
        out4[0] = c0;
        out4[1] = c1;
        out4[2] = c2;
        out4[3] = c3;
    }

    /**
     * Maps a random word to the uniform distribution on [0, 1): {@code (word >>> 8) * 2^-24}, exactly.
     *
     * @param word a random word, of which the upper 24 bits are used
     * @return a multiple of 2<sup>-24</sup> from 0 to 1 - 2<sup>-24</sup>
     */
    public static float uniform(int word) {
        return (word >>> 8) * TWO_POW_MINUS_24;
    }

    /**
     * Maps a random word to the standard normal distribution: the inverse of its distribution function at
     * {@code u = ((word >>> 8) + 1/2) * 2^-24}.
     *
     * <p>
     * The rational approximations are those of Wichura's algorithm AS 241, routine PPND7 (1988), the coefficients rounded to floats. u is never formed, since
     * a float cannot hold it: {@code u - 1/2} and {@code min(u, 1 - u)} are both odd multiples of 2<sup>-25</sup> below
     * 2<sup>-1</sup>, which a float holds exactly. The result is therefore exactly odd: the words w and {@code ~w} give
     * values of opposite sign and equal magnitude. It is never zero, infinite or NaN; the smallest magnitude is 7.47e-8,
     * the largest 5.42. PPND7's third branch, for magnitudes above 6.6, cannot be reached and is left out.
     *
     * <p>
     * Over all 2<sup>24</sup> inputs the result differs from the exact quantile by at most 1.4e-6, and by at most 3.8e-7 of
     * its magnitude.
     *
     * @param word a random word, of which the upper 24 bits are used
     * @return the normal quantile of u
     */
    public static float normal(int word) {
        int odd = 2 * (word >>> 8) + 1 - (1 << 24);
        float q = odd * TWO_POW_MINUS_25;
        if (Math.abs(q) <= 0.425f) {
            float r = 0.180625f - q * q;
            float num = ((59.109375f * r + 159.29114f) * r + 50.434273f) * r + 3.3871326f;
            float den = ((67.18756f * r + 78.75776f) * r + 17.89517f) * r + 1.0f;
            return q * (num / den);
        }
        float tail = ((1 << 24) - Math.abs(odd)) * TWO_POW_MINUS_25;
        float r = (float) Math.sqrt(-log(tail)) - 1.6f;
        float num = ((0.17023821f * r + 1.3067285f) * r + 2.7568154f) * r + 1.4234372f;
        float den = (0.12021133f * r + 0.73700166f) * r + 1.0f;
        float magnitude = num / den;
        return odd < 0 ? -magnitude : magnitude;
    }

    /**
     * The natural logarithm of a positive normal float, in plain float operations.
     *
     * <p>
     * With x = m 2<sup>e</sup>, m in [1/√2, √2), and s = (m - 1) / (m + 1), it is
     * {@code e ln 2 + 2 (s + s^3/3 + s^5/5 + s^7/7 + s^9/9)}; |s| is at most 0.172, so the terms left out are below 1e-9.
     */
    private static float log(float x) {
        int bits = Float.floatToRawIntBits(x);
        int shifted = bits - 0x3F3504F3;
        int exponent = shifted >> 23;
        float m = Float.intBitsToFloat(bits - (exponent << 23));
        float s = (m - 1.0f) / (m + 1.0f);
        float z = s * s;
        float series = (((0.11111111f * z + 0.14285715f) * z + 0.2f) * z + 0.33333334f) * z + 1.0f;
        return exponent * 0.6931472f + 2.0f * (s * series);
    }

    /**
     * Names a stream by what it is for and a number, as {@code streamOf("dropout:encoder.2", call)}.
     *
     * <p>
     * 64-bit FNV-1a over the UTF-16 code units of {@code purpose} (one unit per round), exclusive-or'ed with the scrambled
     * number, scrambled once more; the scrambling is the finaliser of SplitMix64. For one purpose, different numbers give
     * different streams without exception; different purposes collide with probability 2<sup>-64</sup>.
     *
     * @param purpose what the numbers are drawn for, for instance with a layer's path in it
     * @param number  the number of the call, the epoch or the sample
     * @return the stream to hand to {@link #block}
     */
    public static long streamOf(String purpose, long number) {
        long hash = FNV_OFFSET;
        for (int i = 0; i < purpose.length(); i++) {
            hash = (hash ^ purpose.charAt(i)) * FNV_PRIME;
        }
        return scramble(hash ^ scramble(number + GOLDEN_GAMMA));
    }

    private static long scramble(long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
