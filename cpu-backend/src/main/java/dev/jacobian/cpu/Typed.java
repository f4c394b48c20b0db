package dev.jacobian.cpu;

import dev.jacobian.backend.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Elements of any type read and written as doubles, which hold every value of all of them, or as ints. */
final class Typed {
    private Typed() {}

    /** Reads one element. */
    static double get(DType dtype, MemorySegment from, long at) {
        return switch (dtype) {
            case FLOAT32 -> Floats.get(from, at);
            case FLOAT64 -> from.get(ValueLayout.JAVA_DOUBLE, at << 3);
            case INT32 -> from.get(ValueLayout.JAVA_INT, at << 2);
            case BOOL -> from.get(ValueLayout.JAVA_BYTE, at);
        };
    }

    /** Writes one element, converted as {@link dev.jacobian.backend.Backend#copy} says. */
    static void set(DType dtype, MemorySegment to, long at, double value) {
        switch (dtype) {
            case FLOAT32 -> Floats.set(to, at, (float) value);
            case FLOAT64 -> to.set(ValueLayout.JAVA_DOUBLE, at << 3, value);
            case INT32 -> to.set(ValueLayout.JAVA_INT, at << 2, (int) value);
            case BOOL -> to.set(ValueLayout.JAVA_BYTE, at, (byte) (value != 0 ? 1 : 0));
        }
    }

    /** Reads n elements that are {@code step} apart. */
    static void load(DType dtype, MemorySegment from, long at, long step, double[] to, int n) {
        switch (dtype) {
            case FLOAT32 -> {
                for (int i = 0; i < n; i++) {
                    to[i] = Floats.get(from, at + i * step);
                }
            }
            case FLOAT64 -> {
                for (int i = 0; i < n; i++) {
                    to[i] = from.get(ValueLayout.JAVA_DOUBLE, (at + i * step) << 3);
                }
            }
            case INT32 -> {
                for (int i = 0; i < n; i++) {
                    to[i] = from.get(ValueLayout.JAVA_INT, (at + i * step) << 2);
                }
            }
            case BOOL -> {
                for (int i = 0; i < n; i++) {
                    to[i] = from.get(ValueLayout.JAVA_BYTE, at + i * step);
                }
            }
        }
    }

    /** Writes n elements {@code step} apart, converted as {@link dev.jacobian.backend.Backend#copy} says. */
    static void store(DType dtype, double[] from, MemorySegment to, long at, long step, int n) {
        switch (dtype) {
            case FLOAT32 -> {
                for (int i = 0; i < n; i++) {
                    Floats.set(to, at + i * step, (float) from[i]);
                }
            }
            case FLOAT64 -> {
                for (int i = 0; i < n; i++) {
                    to.set(ValueLayout.JAVA_DOUBLE, (at + i * step) << 3, from[i]);
                }
            }
            case INT32 -> {
                for (int i = 0; i < n; i++) {
                    to.set(ValueLayout.JAVA_INT, (at + i * step) << 2, (int) from[i]);
                }
            }
            case BOOL -> {
                for (int i = 0; i < n; i++) {
                    to.set(ValueLayout.JAVA_BYTE, at + i * step, (byte) (from[i] != 0 ? 1 : 0));
                }
            }
        }
    }
}
