package dev.jacobian.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Views of given elements in host memory, written and read apart from any backend. */
final class Elements {
    static final double NAN = Double.NaN;
    static final double INF = Double.POSITIVE_INFINITY;

    private Elements() {}

    /** A dense view of elements in row-major order. */
    static View of(DType dtype, Shape shape, double... elements) {
        assertThat(elements.length).isEqualTo((int) shape.size());
        HostBuffer buffer = HostBuffer.allocate((long) elements.length * dtype.bytes());
        MemorySegment memory = buffer.segment();
        for (int i = 0; i < elements.length; i++) {
            switch (dtype) {
                case FLOAT32 -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) elements[i]);
                case FLOAT64 -> memory.setAtIndex(ValueLayout.JAVA_DOUBLE, i, elements[i]);
                case INT32 -> memory.setAtIndex(ValueLayout.JAVA_INT, i, Math.toIntExact((long) elements[i]));
                case BOOL -> memory.setAtIndex(ValueLayout.JAVA_BYTE, i, (byte) elements[i]);
            }
        }
        return new View(buffer, dtype, shape);
    }

    static View doubles(double... elements) {
        return of(DType.FLOAT64, Shape.of(elements.length), elements);
    }

    static View floats(double... elements) {
        return of(DType.FLOAT32, Shape.of(elements.length), elements);
    }

    static View ints(double... elements) {
        return of(DType.INT32, Shape.of(elements.length), elements);
    }

    static View bools(double... elements) {
        return of(DType.BOOL, Shape.of(elements.length), elements);
    }

    /** A dense view of elements that are all 7, or true. */
    static View filled(DType dtype, int... dims) {
        Shape shape = Shape.of(dims);
        double[] elements = new double[(int) shape.size()];
        Arrays.fill(elements, dtype == DType.BOOL ? 1 : 7);
        return of(dtype, shape, elements);
    }

    /** The elements in row-major order; every byte of a bool must be 0 or 1 and is given as such. */
    static double[] read(View view) {
        double[] elements = new double[(int) view.size()];
        MemorySegment memory = ((HostBuffer) view.buffer()).segment();
        int[] index = new int[view.rank()];
        for (int i = 0; i < elements.length; i++) {
            long at = view.offset();
            for (int axis = 0; axis < index.length; axis++) {
                at += index[axis] * view.stride(axis);
            }
            elements[i] = switch (view.dtype()) {
                case FLOAT32 -> memory.getAtIndex(ValueLayout.JAVA_FLOAT, at);
                case FLOAT64 -> memory.getAtIndex(ValueLayout.JAVA_DOUBLE, at);
                case INT32 -> memory.getAtIndex(ValueLayout.JAVA_INT, at);
                case BOOL -> memory.getAtIndex(ValueLayout.JAVA_BYTE, at);
            };
            for (int axis = index.length - 1; axis >= 0 && ++index[axis] == view.dim(axis); axis--) {
                index[axis] = 0;
            }
        }
        return elements;
    }

    /** Holds elements against what they must be: NaN equal to itself, -0 different from 0. */
    static void assertElements(View view, double... expected) {
        assertThat(read(view)).containsExactly(expected);
    }
}
