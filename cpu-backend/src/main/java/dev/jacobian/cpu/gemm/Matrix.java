package dev.jacobian.cpu.gemm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A float32 matrix in off-heap memory, seen through strides: element (i, j) is at {@code offset + i·rowStride +
 * j·colStride}. A transposed matrix is the same memory with the two strides exchanged.
 *
 * @param segment the memory
 * @param offset position of element (0, 0), in elements
 * @param rowStride step from one row to the next, in elements
 * @param colStride step from one column to the next, in elements
 */
public record Matrix(MemorySegment segment, long offset, long rowStride, long colStride) {

    /**
     * A plain row-major matrix.
     *
     * @param segment the memory
     * @param columns how many columns a row has
     * @return the matrix that begins at the segment's first byte
     */
    public static Matrix rowMajor(MemorySegment segment, long columns) {
        return new Matrix(segment, 0, columns, 1);
    }

    /**
     * The same memory with rows and columns exchanged.
     *
     * @return the transposed view
     */
    public Matrix transpose() {
        return new Matrix(segment, offset, colStride, rowStride);
    }

    float at(int row, int column) {
        return segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED,
                (offset + row * rowStride + column * colStride) * Float.BYTES);
    }

    /** The matrix that begins {@code elements} further on. */
    Matrix from(long elements) {
        return elements == 0 ? this : new Matrix(segment, offset + elements, rowStride, colStride);
    }
}
