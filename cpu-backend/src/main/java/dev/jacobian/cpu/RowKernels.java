package dev.jacobian.cpu;

/**
 * The inner loops over float32 that exist twice, on vectors and on scalars; everything about shapes, strides, other
 * types and threads is written once, above them.
 *
 * @param elements elementwise functions
 * @param reductions sums, maxima and minima
 * @param softmax softmax and cross-entropy
 * @param norm batch normalisation
 * @param attention attention
 * @param update dropout and optimisers
 * @param pooling pooling over planes
 * @param description what these loops are made of, for people
 */
public record RowKernels(
        ElementRows elements,
        ReduceRows reductions,
        SoftmaxRows softmax,
        NormRows norm,
        AttentionRows attention,
        UpdateRows update,
        PoolRows pooling,
        String description) {}
