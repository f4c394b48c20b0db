package dev.jacobian.cpu;

import java.lang.foreign.MemorySegment;

/** The loops of layer normalisation over rows of float32 that lie one after another. Weight and bias may both be null. */
public interface LayerNormRows {
    /** y = weight ⊙ (x − mean) · rstd + bias, with each row's mean and rstd written. */
    void normalize(
            MemorySegment x,
            long xAt,
            MemorySegment weight,
            long weightAt,
            MemorySegment bias,
            long biasAt,
            double epsilon,
            MemorySegment mean,
            long meanAt,
            MemorySegment rstd,
            long rstdAt,
            MemorySegment y,
            long yAt,
            int rows,
            int n);

    /** dx = rstd · (g − Σ g / n − x̂ · Σ (g ⊙ x̂) / n), with x̂ = (x − mean) · rstd and g = weight ⊙ dy. */
    void backward(
            MemorySegment x,
            long xAt,
            MemorySegment weight,
            long weightAt,
            MemorySegment mean,
            long meanAt,
            MemorySegment rstd,
            long rstdAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int rows,
            int n);

    /** dweight = Σ dy ⊙ x̂ and dbias = Σ dy over rows so few that their sum in float32 will do. */
    void parameterGradients(
            MemorySegment x,
            long xAt,
            MemorySegment mean,
            long meanAt,
            MemorySegment rstd,
            long rstdAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dweight,
            long dweightAt,
            MemorySegment dbias,
            long dbiasAt,
            int rows,
            int n);
}
