package dev.jacobian.cpu;

import java.lang.foreign.MemorySegment;

/**
 * The loops of batch normalisation over runs of float32: of one channel, or with a channel each element. In those of the
 * backward pass g is dy where y &gt; 0 and else 0, or dy throughout where y is null.
 */
public interface NormRows {
    /** y = max((x − mean) · scale + bias, least); NaN stays NaN. */
    void normalize(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            int n,
            float mean,
            float scale,
            float bias,
            float least);

    /** The same with a mean, scale and bias for each element, from index {@code at} on. */
    void normalize(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            int n,
            float[] mean,
            float[] scale,
            float[] bias,
            int at,
            float least);

    /** Adds Σ g and Σ g · (x − mean) of a run of at most {@link ReduceRows#RUN} to the two sums. */
    void products(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            int n,
            float mean,
            double[] sums);

    /** sums[c] = Σ g[row][c] and products[c] = Σ g[row][c] · (x[row][c] − mean[c]); all have one row step. */
    void columnProducts(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            long rowStep,
            int rows,
            float[] mean,
            float[] sums,
            float[] products,
            int columns);

    /** dx = scale · (g − a − (x − mean) · b); dx may be dy. */
    void backward(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float mean,
            float scale,
            float a,
            float b);

    /** The same with a mean, scale, a and b for each element, from index {@code at} on. */
    void backward(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float[] mean,
            float[] scale,
            float[] a,
            float[] b,
            int at);
}
