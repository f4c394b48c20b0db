package dev.jacobian.cpu;

import java.lang.foreign.MemorySegment;

/** The writing loops of batch normalisation over runs of float32: of one channel, or with a channel each element. */
public interface NormRows {
    /** y = (x − mean) · scale + bias. */
    void normalize(
            MemorySegment x, long xAt, MemorySegment y, long yAt, int n, float mean, float scale, float bias);

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
            int at);

    /** dx = scale · (dy − a − (x − mean) · b). */
    void backward(
            MemorySegment x,
            long xAt,
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
