package dev.jacobian.cpu.vector;

import dev.jacobian.cpu.RowKernels;

/** The loops on vectors; to be touched only where the module {@code jdk.incubator.vector} is. */
public final class VectorKernels {
    private VectorKernels() {}

    /** All of them. */
    public static RowKernels create() {
        VectorElementRows elements = new VectorElementRows();
        return new RowKernels(
                elements,
                new VectorReduceRows(),
                new VectorSoftmaxRows(elements),
                new VectorMarginRows(),
                new VectorNormRows(),
                new VectorAttentionRows(),
                new VectorGeluRows(),
                new VectorLayerNormRows(),
                new VectorBiasActivationRows(),
                new VectorUpdateRows(),
                new VectorPoolRows(),
                Lanes.SPECIES.vectorBitSize() + "-bit vectors");
    }
}
