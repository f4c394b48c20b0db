package dev.jacobian.io;

import dev.jacobian.backend.DType;

/** The types of elements in safetensors files, by the names that stand there, and the types they are read as. */
public enum StorageType {
    /** 64-bit floating point. */
    F64(8, DType.FLOAT64),
    /** 32-bit floating point. */
    F32(4, DType.FLOAT32),
    /** 16-bit IEEE 754 floating point. */
    F16(2, DType.FLOAT32),
    /** The upper half of a 32-bit floating-point number. */
    BF16(2, DType.FLOAT32),
    /** 64-bit signed integers; read if they fit into 32 bits. */
    I64(8, DType.INT32),
    /** 32-bit signed integers. */
    I32(4, DType.INT32),
    /** 16-bit signed integers. */
    I16(2, DType.INT32),
    /** 8-bit signed integers. */
    I8(1, DType.INT32),
    /** 8-bit unsigned integers. */
    U8(1, DType.INT32),
    /** One byte an element, 0 or 1. */
    BOOL(1, DType.BOOL);

    private final int bytes;
    private final DType dtype;

    StorageType(int bytes, DType dtype) {
        this.bytes = bytes;
        this.dtype = dtype;
    }

    /**
     * The type that holds a tensor's elements as they are.
     *
     * @param dtype the tensor's type
     * @return F64, F32, I32 or BOOL
     */
    public static StorageType of(DType dtype) {
        return switch (dtype) {
            case FLOAT64 -> F64;
            case FLOAT32 -> F32;
            case INT32 -> I32;
            case BOOL -> BOOL;
        };
    }

    /**
     * The size of one element.
     *
     * @return bytes per element
     */
    public int bytes() {
        return bytes;
    }

    /**
     * What it is read as.
     *
     * @return the type of the tensor
     */
    public DType dtype() {
        return dtype;
    }

    /** Whether tensors of a type can be written as this: the types that hold every value, and I64 for int32. */
    boolean canHold(DType written) {
        return this == of(written) || (this == I64 && written == DType.INT32);
    }
}
