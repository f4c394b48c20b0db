package dev.jacobian.cuda.driver;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The device that the driver's tests run on, real or software; tests are skipped where there is none. */
final class TestDevice {
    private static final CudaDriver DRIVER = CudaDriver.start(CudaLibraries.find());

    private TestDevice() {}

    static CudaDevice device() {
        assumeTrue(!DRIVER.devices().isEmpty(), DRIVER.explanation());
        return DRIVER.devices().get(0);
    }

    static List<CudaDevice> devices() {
        return DRIVER.devices();
    }

    /** A context whose only kernel file is {@code test.cu}. */
    static CudaContext open(String kernels) {
        return CudaContext.open(device(), source(kernels), CacheFolder.ofUser());
    }

    static CudaContext open(String kernels, Path cache) {
        return CudaContext.open(device(), source(kernels), new CacheFolder(cache));
    }

    static KernelSource source(String kernels) {
        return Map.of("test.cu", kernels)::get;
    }

    static CudaBuffer upload(CudaContext context, int... values) {
        CudaBuffer buffer = context.allocate(4L * values.length);
        context.upload(MemorySegment.ofArray(values), buffer, 0);
        return buffer;
    }

    static CudaBuffer upload(CudaContext context, float... values) {
        CudaBuffer buffer = context.allocate(4L * values.length);
        context.upload(MemorySegment.ofArray(values), buffer, 0);
        return buffer;
    }

    static float[] floats(CudaContext context, CudaBuffer buffer) {
        float[] values = new float[(int) (buffer.bytes() / 4)];
        context.download(buffer, 0, MemorySegment.ofArray(values));
        return values;
    }

    static int[] ints(CudaContext context, CudaBuffer buffer) {
        int[] values = new int[(int) (buffer.bytes() / 4)];
        context.download(buffer, 0, MemorySegment.ofArray(values));
        return values;
    }
}
