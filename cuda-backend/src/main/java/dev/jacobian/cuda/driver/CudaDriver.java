package dev.jacobian.cuda.driver;

import dev.jacobian.backend.DeviceException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** The NVIDIA driver and its devices, or why there are none. */
public final class CudaDriver {
    private final int version;
    private final List<CudaDevice> devices;
    private final String explanation;

    private CudaDriver(int version, List<CudaDevice> devices, String explanation) {
        this.version = version;
        this.devices = List.copyOf(devices);
        this.explanation = explanation;
    }

    /**
     * Starts the driver and lists its devices. Does not fail: where there is none, {@link #explanation()} says why.
     *
     * @param libraries what was found; the driver is touched only if they are usable
     * @return the driver
     */
    public static CudaDriver start(CudaLibraries libraries) {
        if (!libraries.usable()) {
            return new CudaDriver(0, List.of(), libraries.explanation());
        }
        int[] version = {0};
        try {
            check(JCudaDriver.cuDriverGetVersion(version), "asking for the driver's version");
            return start(version[0], libraries);
        } catch (DeviceException failure) {
            return none(version[0], failure.getMessage() + "; look at nvidia-smi");
        }
    }

    private static CudaDriver start(int version, CudaLibraries libraries) {
        if (version < libraries.leastDriver()) {
            return none(version, "the driver supports CUDA " + text(version) + ", expected "
                    + text(libraries.leastDriver()) + " or later; update the NVIDIA driver");
        }
        int result = JCudaDriver.cuInit(0);
        if (result != CUresult.CUDA_SUCCESS) {
            return none(version, whyNot(result));
        }
        int[] count = {0};
        check(JCudaDriver.cuDeviceGetCount(count), "counting devices");
        List<CudaDevice> devices = new ArrayList<>();
        for (int i = 0; i < count[0]; i++) {
            devices.add(device(i));
        }
        if (devices.isEmpty()) {
            return none(version, whyNot(CUresult.CUDA_ERROR_NO_DEVICE));
        }
        return new CudaDriver(version, devices, devices.size()
                + (devices.size() == 1 ? " device, " : " devices, ") + "driver of CUDA " + text(version));
    }

    private static void check(int result, String operation) {
        if (result != CUresult.CUDA_SUCCESS) {
            throw new DeviceException(operation + " failed with " + Faults.describe(result), null);
        }
    }

    private static CudaDriver none(int version, String why) {
        return new CudaDriver(version, List.of(), why);
    }

    private static String whyNot(int result) {
        String found = "the driver found ";
        return switch (result) {
            case CUresult.CUDA_ERROR_NO_DEVICE -> found + "no device; look at nvidia-smi and CUDA_VISIBLE_DEVICES";
            case CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH ->
                "the driver's library and the kernel module differ in version; restart the machine";
            case CUresult.CUDA_ERROR_STUB_LIBRARY ->
                "the driver's library is the stub of a toolkit; take its folder out of LD_LIBRARY_PATH";
            default -> "the driver does not start, " + Faults.describe(result) + "; look at nvidia-smi";
        };
    }

    private static CudaDevice device(int ordinal) {
        CUdevice handle = new CUdevice();
        check(JCudaDriver.cuDeviceGet(handle, ordinal), "finding device " + ordinal);
        byte[] name = new byte[256];
        check(JCudaDriver.cuDeviceGetName(name, name.length, handle), "asking for the name of device " + ordinal);
        int length = 0;
        while (length < name.length && name[length] != 0) {
            length++;
        }
        long[] bytes = {0};
        check(JCudaDriver.cuDeviceTotalMem(bytes, handle), "asking for the memory of device " + ordinal);
        int capability = 10 * attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        return new CudaDevice(ordinal, new String(name, 0, length, StandardCharsets.UTF_8), capability,
                attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT), bytes[0]);
    }

    /** An attribute of a device. */
    static int attribute(CUdevice device, int attribute) {
        int[] value = {0};
        check(JCudaDriver.cuDeviceGetAttribute(value, attribute, device), "asking for attribute " + attribute);
        return value[0];
    }

    /**
     * The version of CUDA that the driver supports.
     *
     * @return for example 12040 for 12.4; 0 if the driver was not touched
     */
    public int version() {
        return version;
    }

    /** A version as people write it: 12.4 for 12040. */
    static String text(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    /**
     * The devices.
     *
     * @return in the driver's order; empty where none can be used
     */
    public List<CudaDevice> devices() {
        return devices;
    }

    /**
     * How many devices there are, or why there are none and what would help.
     *
     * @return one line, without a full stop
     */
    public String explanation() {
        return explanation;
    }
}
