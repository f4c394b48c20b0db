package dev.jacobian.cuda.driver;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** One of several processes that share a cache folder: compiles, keeps and runs some kernels as soon as it may. */
final class SharedCacheProgram {
    private static final long NANOS = 60_000_000_000L;

    private SharedCacheProgram() {}

    /** Arguments: the cache folder, a file to write when ready, a file to wait for, the number of kernel files. */
    public static void main(String[] args) throws IOException, InterruptedException {
        int files = Integer.parseInt(args[3]);
        Map<String, String> sources = new HashMap<>();
        for (int i = 0; i < files; i++) {
            sources.put("file" + i + ".cu", "extern \"C\" __global__ void set(int* x) {\n    x[threadIdx.x] = 100 + "
                    + i + ";\n}\n");
        }
        CudaContext context = CudaContext.open(TestDevice.device(), sources::get, new CacheFolder(Path.of(args[0])));
        CudaBuffer x = context.allocate(32 * Integer.BYTES);
        Files.createFile(Path.of(args[1]));
        long start = System.nanoTime();
        while (Files.notExists(Path.of(args[2]))) {
            if (System.nanoTime() - start > NANOS) {
                throw new IOException("nobody gave the start");
            }
            Thread.sleep(1);
        }
        for (int i = 0; i < files; i++) {
            context.launch(context.kernel("file" + i, "set")).address(x.address()).run(1L, 32, 0);
            System.out.println("file" + i + ": " + TestDevice.ints(context, x)[31]);
        }
    }
}
