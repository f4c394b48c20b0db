package dev.jacobian.backend;

/** The type of a tensor's elements. */
public enum DType {
    /** 32-bit IEEE 754 floating point: the type that networks compute in. */
    FLOAT32(4, true),
    /** 64-bit IEEE 754 floating point: gradient checks and reference results. */
    FLOAT64(8, true),
    /** 32-bit signed integer: labels and indices. */
    INT32(4, false),
    /** One byte an element, 0 or 1: masks and the results of comparisons. */
    BOOL(1, false);

    private final int bytes;
    private final boolean floating;

    DType(int bytes, boolean floating) {
        this.bytes = bytes;
        this.floating = floating;
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
     * Whether elements are floating-point numbers, so that gradients can flow through them.
     *
     * @return true for {@link #FLOAT32} and {@link #FLOAT64}
     */
    public boolean isFloating() {
        return floating;
    }

    /**
     * The type in which elements of two types meet: bool, int32, float32, float64 in rising order.
     *
     * @param a one type
     * @param b the other
     * @return the wider of the two
     */
    public static DType promote(DType a, DType b) {
        return a.width() >= b.width() ? a : b;
    }

    private int width() {
        return switch (this) {
            case BOOL -> 0;
            case INT32 -> 1;
            case FLOAT32 -> 2;
            case FLOAT64 -> 3;
        };
    }

    /**
     * The name as users write it.
     *
     * @return for example {@code float32}
     */
    @Override
    public String toString() {
        return switch (this) {
            case BOOL -> "bool";
            case INT32 -> "int32";
            case FLOAT32 -> "float32";
            case FLOAT64 -> "float64";
        };
    }
}
