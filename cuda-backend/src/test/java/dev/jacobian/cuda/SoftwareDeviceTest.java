package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.jacobian.backend.DeviceException;
import dev.jacobian.backend.DeviceLostException;
import dev.jacobian.cuda.driver.CudaBuffer;
import dev.jacobian.cuda.driver.CudaContext;
import dev.jacobian.cuda.driver.Launch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The software device finds the mistakes that kernels have, and says where: otherwise all other tests of kernels show
 * little. The kernels with the mistakes are those of {@code planted.cu}.
 */
@Tag("software-device")
final class SoftwareDeviceTest {
    private static final String SANITIZE = "SOFTCUDA_SANITIZE";
    private static final String ILLEGAL_ADDRESS = "CUDA_ERROR_ILLEGAL_ADDRESS";
    private static final String LAUNCH_FAILED = "CUDA_ERROR_LAUNCH_FAILED";

    private SoftwareDevice software;
    private CudaContext context;

    @BeforeEach
    void open() {
        software = SoftwareDevice.open();
        context = ((CudaBackend) software.fresh().backend()).context();
    }

    @AfterEach
    void withdrawFaults() {
        if (software != null) {
            software.close();
        }
    }

    private static boolean sanitised() {
        String value = System.getenv(SANITIZE);
        return value != null && !value.isEmpty() && !value.equals("0");
    }

    /** What only shows where every access is looked at. */
    private static void needsSanitiser() {
        assumeThat(sanitised()).as(SANITIZE + " is set").isTrue();
    }

    private CudaBuffer floats(int count) {
        CudaBuffer buffer = context.allocate((long) count * Float.BYTES);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i;
        }
        context.upload(MemorySegment.ofArray(values), buffer, 0);
        return buffer;
    }

    private float[] values(CudaBuffer buffer) {
        float[] values = new float[(int) (buffer.bytes() / Float.BYTES)];
        context.download(buffer, 0, MemorySegment.ofArray(values));
        return values;
    }

    private Launch launch(String kernel) {
        return context.launch(context.kernel("planted", kernel));
    }

    /** Runs a kernel of one address and one number to its end. */
    private void run(String kernel, long address, int n, int blocks, int threads) {
        launch(kernel).address(address).i32(n).run(blocks, threads, 0);
        context.synchronize();
    }

    /** That a kernel is found to be wrong, in a block and thread that are given as a pattern. */
    private ThrowableAssertAlternative<DeviceLostException> assertFault(String kernel, CudaBuffer x, int n, int blocks,
            int threads, String error, String where) {
        return assertThatExceptionOfType(DeviceLostException.class)
                .isThrownBy(() -> run(kernel, x.address(), n, blocks, threads))
                .withMessageContaining(error)
                .withMessageMatching("(?s).*\\bkernel " + kernel + " " + where + ".*");
    }

    private static String thread(int block, int thread) {
        return Pattern.quote("block (" + block + ",0,0) thread (" + thread + ",0,0): ");
    }

    private static String anyThread() {
        return "block \\(\\d,0,0\\) thread \\(\\d+,0,0\\): ";
    }

    @Test
    void soundKernelsPass() {
        CudaBuffer x = floats(64);
        run("rotate_sound", x.address(), 64, 1, 64);
        assertThat(values(x)).startsWith(1, 2, 3).endsWith(62, 63, 0);
        run("write_byte", x.address(), 255, 3, 32);
        run("four_at_once", x.address(), 4, 1, 32);
        run("divide", x.address(), 3, 1, 32);
        run("shift", x.address(), 31, 1, 32);
        run("multiply", x.address(), 46_340, 1, 32);
        run("small_blocks", x.address(), 64, 1, 64);
        launch("past_dynamic_memory").address(x.address()).i32(31).run(1L, 32, 32 * Float.BYTES);
        context.synchronize();
    }

    @Test
    void aMissingBarrierIsARace() {
        needsSanitiser();
        assertFault("rotate_without_barrier", floats(64), 64, 1, 64, LAUNCH_FAILED, anyThread())
                .withMessageContaining("race: ").withMessageContaining("shared memory")
                .withMessageContaining("with no barrier between").withMessageContaining("planted.cu:");
    }

    @Test
    void theLastOfSeveralBarriersMatters() {
        needsSanitiser();
        assertFault("sum_without_last_barrier", floats(64), 64, 1, 64, LAUNCH_FAILED, anyThread())
                .withMessageContaining("race: ").withMessageContaining("with no barrier between");
    }

    @Test
    void blocksThatWriteTheSamePlaceRace() {
        needsSanitiser();
        assertFault("blocks_write_the_same", floats(64), 64, 3, 64, LAUNCH_FAILED, anyThread())
                .withMessageContaining("race: ").withMessageContaining("of the same launch");
    }

    @Test
    void oneElementTooMany() {
        assertFault("guard_too_wide", floats(256), 256, 3, 128, ILLEGAL_ADDRESS, thread(2, 0))
                .withMessageContaining(sanitised() ? "write of 4 bytes out of bounds" : "invalid write");
    }

    @Test
    void oneByteTooMany() {
        needsSanitiser();
        CudaBuffer x = floats(61);
        run("write_byte", x.address(), 243, 3, 32);
        assertFault("write_byte", x, 244, 3, 32, ILLEGAL_ADDRESS, thread(2, 5))
                .withMessageContaining("write of 1 bytes out of bounds").withMessageContaining("244 bytes");
    }

    @Test
    void oneByteTooEarly() {
        needsSanitiser();
        assertFault("write_byte", floats(64), -1, 3, 32, ILLEGAL_ADDRESS, thread(2, 5))
                .withMessageContaining("write of 1 bytes out of bounds");
    }

    @Test
    void anIndexPastASharedArray() {
        needsSanitiser();
        assertFault("past_the_tile", floats(64), 57, 1, 64, LAUNCH_FAILED, thread(0, 7))
                .withMessageContaining("array index out of bounds at planted.cu:");
    }

    @Test
    void anIndexPastDynamicSharedMemory() {
        CudaBuffer x = floats(32);
        assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> {
            launch("past_dynamic_memory").address(x.address()).i32(32).run(1L, 32, 32 * Float.BYTES);
            context.synchronize();
        }).withMessageContaining(ILLEGAL_ADDRESS)
                .withMessageContaining("kernel past_dynamic_memory block (0,0,0) thread (7,0,0): ")
                .withMessageContaining("of 128 bytes of dynamic shared memory");
    }

    @Test
    void anAccessThatIsNotAligned() {
        needsSanitiser();
        assertFault("four_at_once", floats(64), 6, 1, 32, "CUDA_ERROR_MISALIGNED_ADDRESS", thread(0, 3))
                .withMessageContaining("misaligned access at planted.cu:");
    }

    @Test
    void threadsThatWaitForEachOther() {
        assertFault("wait_for_each_other", floats(32), 16, 1, 32, "CUDA_ERROR_LAUNCH_TIMEOUT",
                Pattern.quote("block (0,0,0): ")).withMessageContaining(
                        "deadlock: of 32 live threads 16 wait at __syncthreads")
                .withMessageContaining("16 in warp operations");
    }

    @Test
    void aBarrierInEachOfTwoBranches() {
        assertFault("barriers_of_two_branches", floats(64), 40, 1, 64, LAUNCH_FAILED, anyThread())
                .withMessageContaining("__syncthreads at line ")
                .withMessageContaining("other threads of the block wait at that of line ");
    }

    @Test
    void aLaneThatIsNotInItsMask() {
        assertFault("lane_outside_its_mask", floats(32), 20, 1, 32, LAUNCH_FAILED, thread(0, 20))
                .withMessageContaining("lane 20 is not in its own mask 0000ffff");
    }

    @Test
    void memoryThatWasFreed() {
        CudaBuffer x = floats(64);
        run("rotate_sound", x.address(), 64, 1, 64);
        context.free(x);
        assertThatExceptionOfType(DeviceLostException.class)
                .isThrownBy(() -> run("rotate_sound", x.address(), 64, 1, 64)).withMessageContaining(ILLEGAL_ADDRESS)
                .withMessageMatching("(?s).*kernel rotate_sound: argument 0 [^;]*\\bfreed\\b.*");
    }

    @Test
    void memoryOfTheHost() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(ValueLayout.JAVA_FLOAT, 64);
            assertThatExceptionOfType(DeviceLostException.class)
                    .isThrownBy(() -> run("rotate_sound", host.address(), 64, 1, 64))
                    .withMessageContaining(ILLEGAL_ADDRESS)
                    .withMessageContaining("kernel rotate_sound: argument 0 is 0x")
                    .withMessageContaining("host");
        }
    }

    @Test
    void aDivisionByZero() {
        assertFault("divide", floats(4), 0, 1, 32, LAUNCH_FAILED, thread(0, 9))
                .withMessageContaining("integer division by zero");
    }

    @Test
    void aShiftByTheWholeWidth() {
        needsSanitiser();
        assertFault("shift", floats(4), 32, 1, 32, LAUNCH_FAILED, thread(0, 9))
                .withMessageContaining("shift by a negative count or by the type's width or more at planted.cu:");
    }

    @Test
    void anIndexThatOverflows() {
        needsSanitiser();
        assertFault("multiply", floats(4), 46_341, 1, 32, LAUNCH_FAILED, thread(0, 9))
                .withMessageContaining("overflow of a signed multiplication at planted.cu:");
    }

    @Test
    void whatNobodyWroteIsNotANumber() {
        CudaBuffer x = context.allocate(64);
        CudaBuffer y = context.allocate(2 * Float.BYTES);
        launch("read_unwritten").address(x.address()).address(y.address()).run(1L, 32, 0);
        assertThat(values(y)).containsExactly(Float.NaN, Float.NaN);
    }

    @Test
    void blocksLargerThanTheKernelsBounds() {
        CudaBuffer x = floats(128);
        assertThatExceptionOfType(DeviceException.class)
                .isThrownBy(() -> launch("small_blocks").address(x.address()).i32(128).run(1L, 128, 0))
                .isNotInstanceOf(DeviceLostException.class).withMessageContaining("launch of small_blocks")
                .withMessageContaining("blocks of 128 threads; its __launch_bounds__ say 64");
        assertThat(values(x)).startsWith(0, 1, 2);
    }

    @Test
    void aLostContextIsLostUntilTheDeviceIsReset() {
        CudaBuffer x = floats(64);
        CudaContext other = ((CudaBackend) software.fresh().backend()).context();
        assertFault("lane_outside_its_mask", x, 20, 1, 32, LAUNCH_FAILED, thread(0, 20));
        assertThatExceptionOfType(DeviceLostException.class).isThrownBy(() -> other.allocate(64))
                .withMessageContaining(LAUNCH_FAILED);
        software.close();
        context = ((CudaBackend) software.fresh().backend()).context();
        CudaBuffer y = floats(64);
        run("rotate_sound", y.address(), 64, 1, 64);
        assertThat(values(y)).startsWith(1, 2, 3);
    }
}
