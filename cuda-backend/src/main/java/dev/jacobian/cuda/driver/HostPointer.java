package dev.jacobian.cuda.driver;

import jcuda.Pointer;

/** Page-locked host memory: a pointer that the driver fills in, and its address. */
final class HostPointer extends Pointer {
    long address() {
        return getNativePointer() + getByteOffset();
    }
}
