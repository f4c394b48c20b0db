package dev.jacobian.cpu;

import dev.jacobian.cpu.conv.TapsKernel;
import dev.jacobian.cpu.conv.WinogradKernel;
import dev.jacobian.cpu.gemm.GemmKernel;
import dev.jacobian.cpu.scalar.ScalarGemmKernel;
import dev.jacobian.cpu.scalar.ScalarTapsKernel;
import dev.jacobian.cpu.vector.VectorGemmKernel;
import dev.jacobian.cpu.vector.VectorTapsKernel;
import dev.jacobian.cpu.vector.VectorWinogradKernel;

/** Chooses the inner loops of products. */
public final class GemmKernels {

    private GemmKernels() {}

    /**
     * The fastest loops that this virtual machine can run. The vector class is touched only where its module is present.
     *
     * @return vector loops, or scalar ones where the Vector API or a fused multiply-add is missing
     */
    public static GemmKernel best() {
        return vectors() ? new VectorGemmKernel() : new ScalarGemmKernel();
    }

    /**
     * The same for convolutions.
     *
     * @return vector loops, or scalar ones where the Vector API or a fused multiply-add is missing
     */
    public static TapsKernel bestTaps() {
        return vectors() ? new VectorTapsKernel() : new ScalarTapsKernel();
    }

    /**
     * Winograd's method for convolutions.
     *
     * @return null where the Vector API, vectors of 16 floats or a fused multiply-add are missing, or the system property
     *     {@code jacobian.cpu.winograd} is {@code false}
     */
    public static WinogradKernel bestWinograd() {
        return vectors() && VectorWinogradKernel.isSupported()
                && !"false".equals(System.getProperty("jacobian.cpu.winograd"))
                        ? new VectorWinogradKernel()
                        : null;
    }

    private static boolean vectors() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent() && VectorGemmKernel.isFast();
    }
}
