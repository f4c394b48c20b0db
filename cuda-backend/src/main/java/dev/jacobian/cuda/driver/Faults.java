package dev.jacobian.cuda.driver;

import dev.jacobian.backend.DeviceException;
import dev.jacobian.backend.DeviceLostException;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * Turns the result codes of one device's calls into exceptions. A result that spoils the context for good marks the
 * device as lost: later calls fail at once, with the first message, and do not reach CUDA.
 */
final class Faults {
    /** A fault that spoils its process only; newer than JCuda's list, as the next one. */
    private static final int CUDA_ERROR_CONTAINED = 226;
    private static final int CUDA_ERROR_TENSOR_MEMORY_LEAK = 721;
    private static final String RESTART = "; the device is lost to this process: save what is on the host and restart";

    private final String device;
    private volatile DeviceLostException lost;

    Faults(String device) {
        this.device = device;
    }

    String device() {
        return device;
    }

    boolean isLost() {
        return lost != null;
    }

    /** Throws if the device was lost before. */
    void ensureAlive() {
        DeviceLostException first = lost;
        if (first != null) {
            throw new DeviceLostException(first.getMessage(), first);
        }
    }

    /** Throws unless a call of the driver succeeded. */
    void check(int result, String operation) {
        if (result != CUresult.CUDA_SUCCESS) {
            throw failure(result, operation);
        }
    }

    /** What to throw for a result; remembers a lost device. */
    DeviceException failure(int result, String operation) {
        String what = device + ": " + operation + " failed with " + describe(result);
        if (!isFatal(result)) {
            return new DeviceException(what + advice(result), null);
        }
        synchronized (this) {
            if (lost == null) {
                lost = new DeviceLostException(what + advice(result) + RESTART, null);
            }
            return new DeviceLostException(lost.getMessage(), lost);
        }
    }

    /** What to throw where a library other than the driver refuses. */
    DeviceException refusal(String what) {
        return new DeviceException(device + ": " + what, null);
    }

    /** CUDA's name and text for a result. */
    static String describe(int result) {
        String[] name = {null};
        String[] text = {null};
        if (JCudaDriver.cuGetErrorName(result, name) != CUresult.CUDA_SUCCESS
                || JCudaDriver.cuGetErrorString(result, text) != CUresult.CUDA_SUCCESS) {
            return switch (result) { // the driver is older than the result
                case CUDA_ERROR_CONTAINED -> "CUDA_ERROR_CONTAINED";
                case CUDA_ERROR_TENSOR_MEMORY_LEAK -> "CUDA_ERROR_TENSOR_MEMORY_LEAK";
                default -> CUresult.stringFor(result);
            };
        }
        return name[0] + " (" + text[0] + ")";
    }

    /**
     * Whether a context is unusable after a result: the driver repeats it for every later call. That the driver has
     * ended, as it does when the process ends, is no loss of the device.
     */
    static boolean isFatal(int result) {
        return switch (result) {
            case CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE,
                    CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
                    CUresult.CUDA_ERROR_NVLINK_UNCORRECTABLE,
                    CUDA_ERROR_CONTAINED,
                    CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
                    CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
                    CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED,
                    CUresult.CUDA_ERROR_ASSERT,
                    CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
                    CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
                    CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
                    CUresult.CUDA_ERROR_INVALID_PC,
                    CUresult.CUDA_ERROR_LAUNCH_FAILED,
                    CUDA_ERROR_TENSOR_MEMORY_LEAK,
                    CUresult.CUDA_ERROR_SYSTEM_NOT_READY,
                    CUresult.CUDA_ERROR_MPS_CLIENT_TERMINATED,
                    CUresult.CUDA_ERROR_EXTERNAL_DEVICE,
                    CUresult.CUDA_ERROR_UNKNOWN ->
                true;
            default -> false;
        };
    }

    private static String advice(int result) {
        return switch (result) {
            case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
                    CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
                    CUresult.CUDA_ERROR_LAUNCH_FAILED,
                    CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION ->
                "; the fault may be in a kernel started earlier: CUDA_LAUNCH_BLOCKING=1 names it, compute-sanitizer"
                        + " finds the line";
            case CUresult.CUDA_ERROR_LAUNCH_TIMEOUT ->
                "; a kernel ran longer than the display's watchdog allows: use a device without a display";
            case CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
                    CUresult.CUDA_ERROR_NVLINK_UNCORRECTABLE,
                    CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE,
                    CUresult.CUDA_ERROR_SYSTEM_NOT_READY ->
                "; look at nvidia-smi and the system's log";
            case CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU,
                    CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION,
                    CUresult.CUDA_ERROR_INVALID_IMAGE ->
                "; the driver cannot load what NVRTC compiled: update the driver";
            case CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES -> "; the block needs more registers or shared memory";
            default -> "";
        };
    }
}
