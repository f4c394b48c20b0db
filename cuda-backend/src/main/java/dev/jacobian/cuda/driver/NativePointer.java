package dev.jacobian.cuda.driver;

import jcuda.Pointer;

/** An address outside the Java heap, host or device, as JCuda takes it; it costs no look-up of a buffer. */
final class NativePointer extends Pointer {
    NativePointer(long address) {
        super(address);
    }

    long address() {
        return getNativePointer() + getByteOffset();
    }
}
