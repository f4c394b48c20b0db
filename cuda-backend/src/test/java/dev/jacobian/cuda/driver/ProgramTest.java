package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.DeviceException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kernels are compiled when first used, with their headers, and kept on disk. */
class ProgramTest {
    private static final String SET = """
            extern "C" __global__ void set(int* x) {
                if (threadIdx.x == 0) {
                    x[0] = VALUE;
                }
            }
            """;

    @TempDir
    Path folder;

    private CudaContext open(Map<String, String> files) {
        return CudaContext.open(TestDevice.device(), files::get, new CacheFolder(folder));
    }

    private static int run(CudaContext context) {
        CudaBuffer x = context.allocate(4);
        context.launch(context.kernel("set", "set")).address(x.address()).run(1L, 32, 0);
        int value = TestDevice.ints(context, x)[0];
        context.free(x);
        return value;
    }

    private List<Path> images() throws IOException {
        if (!Files.exists(folder.resolve("kernels"))) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder.resolve("kernels"))) {
            return files.toList();
        }
    }

    private static Map<String, String> files(String value) {
        Map<String, String> files = new HashMap<>();
        files.put("set.cu", "#include \"outer.cuh\"\n" + SET);
        files.put("outer.cuh", "#pragma once\n# include \"inner.cuh\"\n#include \"inner.cuh\"\n");
        files.put("inner.cuh", "#pragma once\n#define VALUE " + value + "\n");
        return files;
    }

    @Test
    void headersOfHeadersCount() throws IOException {
        assertThat(run(open(files("17")))).isEqualTo(17);
        assertThat(images()).hasSize(1);
        assertThat(run(open(files("17")))).isEqualTo(17);
        assertThat(images()).as("the same text is not compiled again").hasSize(1);
        Program first = Program.read(files("17")::get, "set", open(files("17")));
        Program second = Program.read(files("18")::get, "set", open(files("18")));
        assertThat(first.key()).isNotEqualTo(second.key());
    }

    @Test
    void aBrokenImageIsCompiledAgain() throws IOException {
        Map<String, String> files = Map.of("set.cu", "#define VALUE 3\n" + SET);
        assertThat(run(open(files))).isEqualTo(3);
        Path image = images().get(0);
        byte[] whole = Files.readAllBytes(image);
        Files.writeString(image, "rubbish");
        assertThat(run(open(files))).isEqualTo(3);
        assertThat(images()).hasSize(1);
        assertThat(Files.readAllBytes(image)).hasSize(whole.length);
    }

    /** As a driver that was downgraded would. */
    @Test
    void anImageThatTheDriverRefusesIsCompiledAgain() throws IOException {
        Map<String, String> files = Map.of("set.cu", "#define VALUE 4\n" + SET);
        CudaContext context = open(files);
        byte[] key = Program.read(files::get, "set", context).key();
        KernelCache cache = new KernelCache(new CacheFolder(folder));
        byte[] refused = "not an image of any kind".getBytes(StandardCharsets.US_ASCII);
        cache.write(key, refused);
        assertThat(run(context)).isEqualTo(4);
        assertThat(cache.read(key)).isNotNull().isNotEqualTo(refused);
    }

    @Test
    void aFolderThatCannotBeWrittenCostsNothingButTime() throws IOException {
        Files.writeString(folder.resolve("kernels"), "in the way");
        assertThat(run(open(Map.of("set.cu", "#define VALUE 5\n" + SET)))).isEqualTo(5);
    }

    @Test
    void manyAtOnceCompileTheSame() throws Exception {
        TestDevice.device();
        Map<String, String> files = Map.of("set.cu", "#define VALUE 6\n" + SET);
        CudaContext shared = open(files);
        Callable<Integer> alone = () -> run(open(files));
        Callable<Integer> together = () -> run(shared);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (var result : threads.invokeAll(List.of(alone, alone, together, together))) {
                assertThat(result.get()).isEqualTo(6);
            }
        }
        assertThat(images()).hasSize(1);
    }

    /** Neither file is read before the other one is asked for. */
    @Test
    void filesAreCompiledAtTheSameTime() throws Exception {
        CyclicBarrier both = new CyclicBarrier(2);
        CudaContext context = CudaContext.open(TestDevice.device(), name -> {
            try {
                both.await(60, TimeUnit.SECONDS);
            } catch (Exception e) {
                throw new IllegalStateException("the other file waits", e);
            }
            return "#define VALUE 8\n" + SET;
        }, new CacheFolder(folder));
        CudaBuffer x = context.allocate(4);
        List<Callable<Void>> launches = Stream.of("first", "second").<Callable<Void>>map(file -> () -> {
            context.launch(context.kernel(file, "set")).address(x.address()).run(1L, 32, 0);
            return null;
        }).toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            for (var result : threads.invokeAll(launches)) {
                result.get();
            }
        }
        assertThat(TestDevice.ints(context, x)).containsExactly(8);
        context.free(x);
    }

    @Test
    void whatDoesNotCompileSaysFileAndLine() {
        String wrong = "\n\nextern \"C\" __global__ void set(int* x) { x[0] = nothing; }";
        CudaContext context = open(Map.of("set.cu", wrong));
        assertThatThrownBy(() -> run(context)).isInstanceOf(DeviceException.class)
                .hasMessageContaining("cuda:0: compiling set.cu").hasMessageContaining("NVRTC_ERROR_COMPILATION")
                .hasMessageContaining("nothing").hasMessageMatching("(?s).*set\\.cu[:(]3.*");
    }

    @Test
    void aMissingHeaderIsNamed() {
        CudaContext context = open(Map.of("set.cu", "#include \"axes.cuh\"\n" + SET));
        assertThatThrownBy(() -> run(context)).isInstanceOf(DeviceException.class)
                .hasMessageContaining("kernel file axes.cuh is missing");
    }

    @Test
    void theNewestArchitectureThatTheDeviceRunsIsTaken() {
        int[] supported = {50, 75, 80, 90};
        assertThat(Program.target(supported, 80, "cuda:0")).isEqualTo(80);
        assertThat(Program.target(supported, 86, "cuda:0")).isEqualTo(80);
        assertThat(Program.target(supported, 120, "cuda:0")).isEqualTo(90);
        assertThatThrownBy(() -> Program.target(supported, 37, "cuda:0")).isInstanceOf(DeviceException.class)
                .hasMessageContaining("compute capability 3.7").hasMessageContaining("[50, 75, 80, 90]");
    }
}
