package dev.jacobian.cpu;

/**
 * The inner loops over float32 that exist twice, on vectors and on scalars; everything about shapes, strides, other
 * types and threads is written once, above them.
 *
 * @param elements elementwise functions
 * @param reductions sums, maxima and minima
 * @param softmax softmax and cross-entropy
 * @param margin hinge loss of probabilities
 * @param norm batch normalisation
 * @param attention attention
 * @param gelu GELU
 * @param layerNorm layer normalisation
 * @param biasActivation bias and activation of linear layers
 * @param update dropout and optimisers
 * @param pooling pooling over planes
 * @param description what these loops are made of, for people
 */
public record RowKernels(
        ElementRows elements,
        ReduceRows reductions,
        SoftmaxRows softmax,
        MarginRows margin,
        NormRows norm,
        AttentionRows attention,
        GeluRows gelu,
        LayerNormRows layerNorm,
        BiasActivationRows biasActivation,
        UpdateRows update,
        PoolRows pooling,
        String description) {}
