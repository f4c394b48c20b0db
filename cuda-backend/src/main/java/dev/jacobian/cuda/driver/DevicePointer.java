package dev.jacobian.cuda.driver;

import jcuda.driver.CUdeviceptr;

/** A device address that can be read and made, both of which JCuda hides. */
final class DevicePointer extends CUdeviceptr {
    private static final CUdeviceptr NULL = new CUdeviceptr();

    /** A pointer that a call of the driver fills in. */
    DevicePointer() {}

    DevicePointer(long address) {
        super(NULL, address);
    }

    long address() {
        return getNativePointer() + getByteOffset();
    }
}
