package dev.jacobian.cuda.driver;

import java.lang.foreign.MemorySegment;

/** Run in a process of its own, since it loses the device: prints what each call throws. */
final class LostDeviceProgram {
    private static final String KERNELS = """
            extern "C" __global__ void stray(int* x) {
                if (threadIdx.x == 0) {
                    x[0] = 1;
                }
            }
            """;

    private LostDeviceProgram() {}

    /** No arguments. */
    public static void main(String[] args) {
        CudaContext context = TestDevice.open(KERNELS);
        CudaBuffer buffer = TestDevice.upload(context, 1, 2, 3);
        CudaBuffer other = context.allocate(1 << 20);
        report("free before", () -> context.free(other));
        context.synchronize();
        // On a stream that is not lazy the launch itself may say so.
        report("launch", () -> context.launch(context.kernel("test", "stray")).address(0).run(1L, 32, 0));
        report("synchronize", context::synchronize);
        report("allocate", () -> context.allocate(100));
        report("upload", () -> context.upload(MemorySegment.ofArray(new byte[4]), buffer, 0));
        report("download", () -> context.download(buffer, 0, MemorySegment.ofArray(new byte[4])));
        report("scratch", () -> context.scratch(100));
        report("product", () -> context.blas().gemm(false, false, 1, 1, 1, buffer.address(), 1, 0, buffer.address(), 1,
                0, 0, buffer.address(), 1, 0, 1));
        report("again", () -> context.launch(context.kernel("test", "stray")).address(0).run(1L, 32, 0));
        report("free", () -> context.free(buffer));
        System.out.println("alive");
    }

    private static void report(String call, Runnable work) {
        try {
            work.run();
            System.out.println(call + ": done");
        } catch (RuntimeException e) {
            System.out.println(call + ": " + e.getClass().getSimpleName() + ": " + e.getMessage());
        }
    }
}
