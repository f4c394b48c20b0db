package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import jcuda.driver.CUcontext;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory and transfers, of every size around those at which the way changes. */
class TransferTest {
    private static final int SLOT = Staging.SLOT_BYTES;
    private static final int SMALL = Staging.SMALL_BYTES;
    private static final String KERNELS = """
            extern "C" __global__ void add_one(const unsigned char* x, unsigned char* y, long long n) {
                long long i = blockIdx.x * (long long) blockDim.x + threadIdx.x;
                if (i < n) {
                    y[i] = (unsigned char) (x[i] + 1);
                }
            }
            """;
    private static CudaContext context;

    @BeforeAll
    static void open() {
        context = TestDevice.open(KERNELS);
    }

    private static byte[] bytes(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 4096, SMALL - 1, SMALL, SMALL + 1, SLOT - 1, SLOT, SLOT + 1, 2 * SLOT,
            3 * SLOT + 5,
            40 * SLOT + 1})
    void bytesComeBackAsTheyWent(int size) {
        byte[] source = bytes(size, size);
        CudaBuffer buffer = context.allocate(size);
        context.upload(MemorySegment.ofArray(source), buffer, 0);
        byte[] back = new byte[size];
        context.download(buffer, 0, MemorySegment.ofArray(back));
        context.free(buffer);
        assertThat(back).isEqualTo(source);
    }

    @Test
    void partsAndNativeMemory() {
        byte[] source = bytes(10_000, 1);
        CudaBuffer buffer = context.allocate(20_000);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment outside = arena.allocate(10_000);
            outside.copyFrom(MemorySegment.ofArray(source));
            context.upload(MemorySegment.ofArray(source), buffer, 0);
            context.upload(outside, buffer, 7_777);
            outside.fill((byte) 0);
            context.download(buffer, 7_000, outside);
            byte[] expected = new byte[10_000];
            System.arraycopy(source, 7_000, expected, 0, 777);
            System.arraycopy(source, 0, expected, 777, 9_223);
            assertThat(outside.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).isEqualTo(expected);
        }
        context.free(buffer);
    }

    @Test
    void anUploadWaitsForWorkThatStillReadsItsTarget() {
        int size = 3 * SLOT;
        Kernel kernel = context.kernel("test", "add_one");
        CudaBuffer batch = context.allocate(size);
        List<CudaBuffer> results = new ArrayList<>();
        for (int step = 0; step < 6; step++) {
            byte[] source = bytes(size, step);
            context.upload(MemorySegment.ofArray(source), batch, 0);
            CudaBuffer result = context.allocate(size);
            results.add(result);
            context.launch(kernel).address(batch.address()).address(result.address()).i64(size).run(
                    (size + 255) / 256, 256, 0);
        }
        for (int step = 0; step < results.size(); step++) {
            byte[] expected = bytes(size, step);
            for (int i = 0; i < size; i++) {
                expected[i]++;
            }
            byte[] back = new byte[size];
            context.download(results.get(step), 0, MemorySegment.ofArray(back));
            assertThat(back).isEqualTo(expected);
            context.free(results.get(step));
        }
        context.free(batch);
    }

    @Test
    void aSourceMayChangeOnceUploadReturns() {
        for (int size : new int[] {100, SMALL + 1, SLOT + 1}) {
            byte[] source = bytes(size, size);
            byte[] before = source.clone();
            CudaBuffer buffer = context.allocate(size);
            context.upload(MemorySegment.ofArray(source), buffer, 0);
            java.util.Arrays.fill(source, (byte) 0);
            byte[] back = new byte[size];
            context.download(buffer, 0, MemorySegment.ofArray(back));
            assertThat(back).isEqualTo(before);
            context.free(buffer);
        }
    }

    @Test
    void manyThreadsAtOnce() throws Exception {
        Kernel kernel = context.kernel("test", "add_one");
        Callable<Void> work = () -> {
            long seed = Thread.currentThread().threadId();
            for (int round = 0; round < 10; round++) {
                int size = round % 2 == 0 ? 5_000 : SLOT + 4_000;
                byte[] source = bytes(size, seed + round);
                CudaBuffer x = context.allocate(size);
                CudaBuffer y = context.allocate(size);
                context.upload(MemorySegment.ofArray(source), x, 0);
                context.launch(kernel).address(x.address()).address(y.address()).i64(size).run((size + 255) / 256, 256,
                        0);
                byte[] back = new byte[size];
                context.download(y, 0, MemorySegment.ofArray(back));
                for (int i = 0; i < size; i++) {
                    source[i]++;
                }
                assertThat(back).isEqualTo(source);
                context.free(x);
                context.free(y);
            }
            return null;
        };
        for (boolean virtual : new boolean[] {false, true}) {
            try (ExecutorService threads = virtual
                    ? Executors.newVirtualThreadPerTaskExecutor()
                    : Executors.newFixedThreadPool(4)) {
                List<Future<Void>> all = threads.invokeAll(List.of(work, work, work, work));
                for (Future<Void> one : all) {
                    one.get();
                }
            }
        }
    }

    @Test
    void anotherLibraryMayMakeAnotherContextCurrent() {
        byte[] source = bytes(SLOT, 3);
        CudaBuffer buffer = context.allocate(SLOT);
        assertThat(JCudaDriver.cuCtxSetCurrent(new CUcontext())).isZero();
        context.upload(MemorySegment.ofArray(source), buffer, 0);
        byte[] back = new byte[SLOT];
        assertThat(JCudaDriver.cuCtxSetCurrent(new CUcontext())).isZero();
        context.download(buffer, 0, MemorySegment.ofArray(back));
        assertThat(back).isEqualTo(source);
        assertThat(JCudaDriver.cuCtxSetCurrent(new CUcontext())).isZero();
        context.free(buffer);
    }

    @Test
    void rangesAreChecked() {
        CudaBuffer buffer = context.allocate(16);
        MemorySegment eight = MemorySegment.ofArray(new byte[8]);
        assertThatThrownBy(() -> context.upload(eight, buffer, 9)).isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessageContaining("upload of 8 bytes at 9 of a block of 16");
        assertThatThrownBy(() -> context.download(buffer, -1, eight)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> context.allocate(-1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-1 bytes");
        context.free(buffer);
    }

    @Test
    void blocksAreAligned() {
        for (int size : new int[] {1, 100, 1000}) {
            CudaBuffer buffer = context.allocate(size);
            assertThat(buffer.address() % 16).isZero();
            assertThat(buffer.bytes()).isEqualTo(size);
            context.free(buffer);
        }
        assertThat(context.allocate(0).address()).isZero();
    }

    @Test
    void tooMuchMemoryIsAnErrorThatSaysHowMuchThereIs() {
        assertThatThrownBy(() -> context.allocate(1L << 46)).isInstanceOf(OutOfMemoryError.class)
                .hasMessageContaining("cuda:0: allocate " + (1L << 46)).hasMessageContaining("bytes as free");
        context.free(context.allocate(100)); // and the device goes on
        context.synchronize();
    }
}
