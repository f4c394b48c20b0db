package dev.jacobian.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.jacobian.backend.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** Faults on demand, which only the software device has; on a real card these tests are skipped. */
final class SoftwareDevice implements AutoCloseable {
    private final MethodHandle fault;
    private final MethodHandle counter;

    private SoftwareDevice(MethodHandle fault, MethodHandle counter) {
        this.fault = fault;
        this.counter = counter;
    }

    /** Closing it withdraws all faults. */
    @SuppressWarnings("restricted")
    static SoftwareDevice open() {
        Cuda.device();
        Optional<MemorySegment> fault = SymbolLookup.loaderLookup().find("softcuda_fault");
        assumeThat(fault).as("the device is the software device").isPresent();
        Linker linker = Linker.nativeLinker();
        return new SoftwareDevice(
                linker.downcallHandle(fault.get(), FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG)),
                linker.downcallHandle(SymbolLookup.loaderLookup().findOrThrow("softcuda_counter"),
                        FunctionDescriptor.of(JAVA_LONG, ADDRESS)));
    }

    /** A device of its own, so that its loss is nobody else's. */
    Device fresh() {
        CudaBackend first = (CudaBackend) Cuda.device().backend();
        return Device.of(new CudaBackend(first.context().device()));
    }

    /** Lets the n-th call of a kind from now on fail: alloc, copy, launch, kernel, lose; with "-" all from then on. */
    void fail(String what, long n) {
        try (Arena arena = Arena.ofConfined()) {
            assertThat((int) fault.invokeExact(arena.allocateFrom(what), n)).as(what).isZero();
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    /** How many of something there were. */
    long count(String what) {
        try (Arena arena = Arena.ofConfined()) {
            return (long) counter.invokeExact(arena.allocateFrom(what));
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    @Override
    public void close() {
        fail("reset", 0);
    }
}
