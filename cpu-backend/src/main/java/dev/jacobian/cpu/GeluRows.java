package dev.jacobian.cpu;

import java.lang.foreign.MemorySegment;

/**
 * GELU over runs of float32: y = x/2 + |x| · r with r = erf(|x|/√2)/2, and dx = dy · (½ ± g) with g = r + |x| φ(x) and the
 * sign of x. Both r and g are |x| · P(x²)/Q(x²), made by Lawson's algorithm for the least maximal error, and ½ from where
 * they are that to the last bit: no exponential is needed. In float32 r is within 1.7e-7 and g within 2.8e-7, over all x.
 */
public interface GeluRows {
    /** From here on r is ½. */
    float LARGEST = 5.55f;
    /** Coefficients of x⁰, x², … in P for r. */
    float P0 = 0.39894223f;
    float P1 = 0.034109164f;
    float P2 = 0.0046918169f;
    float P3 = 1.7127403e-4f;
    float P4 = 6.3527327e-6f;
    float P5 = 2.2442775e-8f;
    /** Those in Q; the first is 1. */
    float Q1 = 0.25216481f;
    float Q2 = 0.028789684f;
    float Q3 = 0.0018983338f;
    float Q4 = 7.4348798e-5f;
    float Q5 = 1.1886173e-6f;

    /** From here on g is ½. */
    float GRADIENT_LARGEST = 5.9f;
    /** Coefficients of x⁰, x², … in P for g. */
    float GRADIENT_P0 = 0.79788536f;
    float GRADIENT_P1 = -0.030995866f;
    float GRADIENT_P2 = 0.01423030626f;
    float GRADIENT_P3 = 1.92203297e-5f;
    float GRADIENT_P4 = 3.59559453e-5f;
    float GRADIENT_P5 = 1.92929278e-7f;
    /** Those in Q; the first is 1. */
    float GRADIENT_Q1 = 0.294494033f;
    float GRADIENT_Q2 = 0.0409802087f;
    float GRADIENT_Q3 = 0.00352303451f;
    float GRADIENT_Q4 = 1.92036357e-4f;
    float GRADIENT_Q5 = 8.9524021e-6f;

    /** y = x/2 · (1 + erf(x/√2)). */
    void gelu(MemorySegment x, long xAt, MemorySegment y, long yAt, int n);

    /** dx = dy · (Φ(x) + x φ(x)); dx may be dy. */
    void geluBackward(MemorySegment x, long xAt, MemorySegment dy, long dyAt, MemorySegment dx, long dxAt, int n);
}
