package dev.jacobian.cpu;

import dev.jacobian.cpu.gemm.GemmKernel;
import dev.jacobian.cpu.scalar.ScalarGemmKernel;
import dev.jacobian.cpu.vector.VectorGemmKernel;

/** Chooses the inner loops of the matrix product. */
public final class GemmKernels {

    private GemmKernels() {}

    /**
     * The fastest loops that this virtual machine can run. The vector class is touched only where its module is present.
     *
     * @return vector loops, or scalar ones where the Vector API or a fused multiply-add is missing
     */
    public static GemmKernel best() {
        boolean present = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        return present && VectorGemmKernel.isFast() ? new VectorGemmKernel() : new ScalarGemmKernel();
    }
}
