package dev.jacobian.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jacobian.backend.DeviceException;
import dev.jacobian.backend.DeviceLostException;
import dev.jacobian.memory.OutOfDeviceMemoryException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Faults that the software device is told to have: a refused call is an error of that call, and the device goes on. */
class InjectedFaultsTest {
    private static final String KERNELS = """
            extern "C" __global__ void set(int* x) {
                if (threadIdx.x == 0) {
                    x[0] = 7;
                }
            }
            """;
    private static MethodHandle fault;
    private static MethodHandle counter;
    private static CudaContext context;

    @BeforeAll
    @SuppressWarnings("restricted")
    static void open() {
        Path library = Path.of(System.getProperty("jacobian.cuda.libraries", "none")).resolve("libcuda.so.1");
        assumeTrue(Files.exists(library), "no software CUDA device");
        context = TestDevice.open(KERNELS);
        SymbolLookup symbols = SymbolLookup.libraryLookup(library, Arena.global());
        assumeTrue(symbols.find("softcuda_fault").isPresent(), "a device that takes no orders");
        fault = Linker.nativeLinker().downcallHandle(symbols.findOrThrow("softcuda_fault"),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
        counter = Linker.nativeLinker().downcallHandle(symbols.findOrThrow("softcuda_counter"),
                FunctionDescriptor.of(JAVA_LONG, ADDRESS));
    }

    @AfterEach
    void withdraw() {
        for (String what : new String[] {"alloc", "host", "copy", "launch"}) {
            order(what, 0);
        }
    }

    private static void order(String what, long at) {
        try (Arena arena = Arena.ofConfined()) {
            assertThat((int) fault.invokeExact(arena.allocateFrom(what), at)).isNotNegative();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static long count(String what) {
        try (Arena arena = Arena.ofConfined()) {
            return (long) counter.invokeExact(arena.allocateFrom(what));
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static int run() {
        CudaBuffer x = TestDevice.upload(context, 0);
        context.launch(context.kernel("test", "set")).address(x.address()).run(1L, 32, 0);
        int value = TestDevice.ints(context, x)[0];
        context.free(x);
        return value;
    }

    @Test
    void memoryThatIsShortForAMomentIsAskedForAgain() {
        context.scratch(4000).close();
        order("alloc", 1);
        CudaBuffer buffer = context.allocate(1000);
        assertThat(buffer.bytes()).isEqualTo(1000);
        context.free(buffer);
    }

    @Test
    void memoryThatStaysShortIsOutOfMemory() {
        order("alloc-", 1);
        assertThatThrownBy(() -> context.allocate(1000)).isInstanceOf(OutOfMemoryError.class)
                .hasMessageContaining("cuda:0: allocate 1000 bytes: not enough device memory");
        assertThatThrownBy(() -> context.scratch(1L << 20)).isInstanceOf(OutOfDeviceMemoryException.class);
        order("alloc", 0);
        assertThat(run()).isEqualTo(7);
    }

    @Test
    void transfersNeedNoMoreDeviceMemory() {
        CudaContext fresh = TestDevice.open(KERNELS);
        byte[] bytes = new byte[5 * Staging.SLOT_BYTES];
        CudaBuffer buffer = fresh.allocate(bytes.length);
        order("alloc-", 1);
        bytes[bytes.length - 1] = 9;
        fresh.upload(MemorySegment.ofArray(bytes), buffer, 0);
        byte[] back = new byte[bytes.length];
        fresh.download(buffer, 0, MemorySegment.ofArray(back));
        assertThat(back).isEqualTo(bytes);
        order("alloc", 0);
        fresh.free(buffer);
    }

    @Test
    void onlyAnUploadTakesDeviceMemoryAndAsksForWhatIsKept() {
        CudaContext fresh = TestDevice.open(KERNELS);
        MemorySegment bytes = MemorySegment.ofArray(new byte[Staging.SLOT_BYTES]);
        CudaBuffer buffer = fresh.allocate(bytes.byteSize());
        AtomicInteger reclaims = new AtomicInteger();
        fresh.reclaimWith(reclaims::incrementAndGet);
        long before = count("live bytes");
        fresh.download(buffer, 0, bytes);
        assertThat(count("live bytes")).isEqualTo(before);
        order("alloc", 1);
        fresh.upload(bytes, buffer, 0);
        assertThat(reclaims).hasValue(1);
        assertThat(count("live bytes")).isEqualTo(before + bytes.byteSize());
        fresh.free(buffer);
    }

    @Test
    void uploadsDoWithTheSlotsThereAre() {
        CudaContext fresh = TestDevice.open(KERNELS);
        byte[] bytes = new byte[5 * Staging.SLOT_BYTES];
        CudaBuffer buffer = fresh.allocate(bytes.length);
        fresh.upload(MemorySegment.ofArray(new byte[Staging.SLOT_BYTES]), buffer, 0);
        order("host-", 1);
        bytes[bytes.length - 1] = 9;
        fresh.upload(MemorySegment.ofArray(bytes), buffer, 0);
        byte[] back = new byte[bytes.length];
        fresh.download(buffer, 0, MemorySegment.ofArray(back));
        assertThat(back).isEqualTo(bytes);
        fresh.free(buffer);
    }

    @Test
    void productsTakeBackWhatIsKeptForReuseAndTryAgainLater() {
        CudaContext fresh = TestDevice.open(KERNELS);
        CudaBuffer x = TestDevice.upload(fresh, 3f);
        AtomicInteger reclaims = new AtomicInteger();
        fresh.reclaimWith(reclaims::incrementAndGet);
        Runnable product = () -> fresh.blas().gemm(false, false, 1, 1, 1, x.address(), 1, 0, x.address(), 1, 0, 0,
                x.address(), 1, 0, 1);
        order("alloc-", 1);
        assertThatThrownBy(product::run).isInstanceOf(OutOfDeviceMemoryException.class);
        order("alloc:2", 1); // the first try, and that after all work has run
        product.run();
        assertThat(reclaims).hasValue(2);
        assertThat(TestDevice.floats(fresh, x)).containsExactly(9);
        fresh.free(x);
    }

    @Test
    void aContextThatCannotBeOpenedLeavesNothing() {
        assumeTrue(TestDevice.devices().size() > 1, "one device");
        CudaDevice second = TestDevice.devices().get(1);
        long streams = count("streams");
        boolean active = isActive(second);
        order("alloc-", 1);
        assertThatThrownBy(() -> CudaContext.open(second)).isInstanceOf(OutOfMemoryError.class)
                .hasMessageContaining("not enough device memory");
        assertThat(count("streams")).isEqualTo(streams);
        assertThat(isActive(second)).isEqualTo(active);
        order("host-", 1);
        assertThatThrownBy(() -> CudaContext.open(second)).isInstanceOf(OutOfMemoryError.class)
                .hasMessageContaining("page-locked").hasMessageContaining("ulimit -l");
        assertThat(count("streams")).isEqualTo(streams);
        assertThat(isActive(second)).isEqualTo(active);
    }

    /** Whether anybody holds a device's primary context. */
    private static boolean isActive(CudaDevice device) {
        CUdevice handle = new CUdevice();
        int[] active = {0};
        assertThat(JCudaDriver.cuDeviceGet(handle, device.ordinal())).isZero();
        assertThat(JCudaDriver.cuDevicePrimaryCtxGetState(handle, new int[1], active)).isZero();
        return active[0] != 0;
    }

    @Test
    void aRefusedLaunchNamesTheKernel() {
        assertThat(run()).isEqualTo(7);
        CudaBuffer x = TestDevice.upload(context, 1, 2);
        order("launch", 1);
        assertThatThrownBy(() -> context.launch(context.kernel("test", "set")).address(x.address()).run(1L, 32, 0))
                .isExactlyInstanceOf(DeviceException.class).hasMessageStartingWith("cuda:0: launch of set (1 x 1 x 1");
        order("launch", 0);
        assertThat(TestDevice.ints(context, x)).containsExactly(1, 2);
        assertThat(run()).isEqualTo(7);
    }

    @Test
    void aCopyThatFailsLosesItsContextOnly() {
        CudaContext fresh = TestDevice.open(KERNELS);
        CudaBuffer x = TestDevice.upload(fresh, 1, 2);
        order("copy", 1);
        assertThatThrownBy(() -> TestDevice.ints(fresh, x)).isInstanceOf(DeviceLostException.class)
                .hasMessageStartingWith("cuda:0: download failed with CUDA_ERROR_LAUNCH_FAILED");
        order("copy", 0);
        assertThatThrownBy(() -> TestDevice.ints(fresh, x)).isInstanceOf(DeviceLostException.class)
                .hasMessageStartingWith("cuda:0: download failed with CUDA_ERROR_LAUNCH_FAILED");
        fresh.free(x);
        assertThat(run()).isEqualTo(7);
    }

    @Test
    void pageLockedMemoryThatIsRefusedIsAnError() {
        CudaContext fresh = TestDevice.open(KERNELS);
        CudaBuffer x = fresh.allocate(8);
        order("host-", 1);
        long events = count("events");
        assertThatThrownBy(() -> fresh.upload(MemorySegment.ofArray(new int[2]), x, 0))
                .isInstanceOf(OutOfMemoryError.class).hasMessageContaining("page-locked");
        assertThat(count("events")).isEqualTo(events);
        order("host", 0);
        fresh.upload(MemorySegment.ofArray(new int[] {3, 4}), x, 0);
        assertThat(TestDevice.ints(fresh, x)).containsExactly(3, 4);
    }
}
