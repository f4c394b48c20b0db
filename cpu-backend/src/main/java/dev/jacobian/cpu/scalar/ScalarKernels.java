package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.RowKernels;

/** The loops on scalars, which run on any JVM. */
public final class ScalarKernels {
    private ScalarKernels() {}

    /** All of them. */
    public static RowKernels create() {
        return new RowKernels(
                new ScalarElementRows(),
                new ScalarReduceRows(),
                new ScalarSoftmaxRows(),
                new ScalarMarginRows(),
                new ScalarNormRows(),
                new ScalarAttentionRows(),
                new ScalarGeluRows(),
                new ScalarLayerNormRows(),
                new ScalarBiasActivationRows(),
                new ScalarUpdateRows(),
                new ScalarPoolRows(),
                "scalar");
    }
}
