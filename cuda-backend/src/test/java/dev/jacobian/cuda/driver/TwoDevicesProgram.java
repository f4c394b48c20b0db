package dev.jacobian.cuda.driver;

import java.util.Map;

/** Run in a process of its own, since the number of devices is fixed at its start: two devices in turn. */
final class TwoDevicesProgram {
    private static final String KERNELS = """
            extern "C" __global__ void add(int* x, int v) {
                if (threadIdx.x == 0) {
                    x[0] += v;
                }
            }
            """;

    private TwoDevicesProgram() {}

    /** No arguments. */
    public static void main(String[] args) {
        CudaDriver driver = CudaDriver.start(CudaLibraries.find());
        System.out.println("devices: " + driver.devices().size());
        if (driver.devices().size() < 2) {
            return;
        }
        CudaContext[] contexts = new CudaContext[2];
        CudaBuffer[] sums = new CudaBuffer[2];
        Kernel[] kernels = new Kernel[2];
        for (int i = 0; i < 2; i++) {
            contexts[i] = CudaContext.open(driver.devices().get(i), Map.of("test.cu", KERNELS)::get,
                    CacheFolder.ofUser());
            sums[i] = TestDevice.upload(contexts[i], 0);
            kernels[i] = contexts[i].kernel("test", "add");
        }
        for (int step = 0; step < 20; step++) {
            int i = step % 2;
            contexts[i].launch(kernels[i]).address(sums[i].address()).i32(step).run(1L, 32, 0);
        }
        for (int i = 0; i < 2; i++) {
            System.out.println(contexts[i].name() + ": " + TestDevice.ints(contexts[i], sums[i])[0]);
        }
    }
}
