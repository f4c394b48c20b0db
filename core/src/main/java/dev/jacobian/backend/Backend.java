package dev.jacobian.backend;

import java.lang.foreign.MemorySegment;

/**
 * One device that computes: the required operations, on which everything else can be built.
 *
 * <p>Core owns shapes, types, views, allocation and in-place decisions. It has checked every argument before it calls,
 * so kernels only assert. But for {@link #allocate}, methods return nothing and allocate nothing: they are told where to
 * write. Unless stated otherwise, inputs have the output's shape, repeated by strides of 0 where they broadcast, any
 * strides, and the output's type; outputs may be strided but never overlap themselves, and may be the very view of an
 * input for elementwise operations. Views of no element are allowed everywhere.
 *
 * <p>A backend adds fused kernels by implementing their interfaces, such as {@link SoftmaxKernel}; see {@link #kernel}.
 * Methods may be called by several threads at once.
 */
public interface Backend {
    /**
     * The device's name, as users select it.
     *
     * @return for example {@code cpu} or {@code cuda:0}
     */
    String name();

    /**
     * One line for people: what the device is.
     *
     * @return for example {@code cpu (2 threads, 512-bit vectors)}
     */
    String describe();

    /**
     * Whether the device computes in a type. All backends have float32, int32 and bool.
     *
     * @param dtype the type
     * @return true if tensors of that type can be made here
     */
    boolean supports(DType dtype);

    /**
     * The fused kernel of a kind, where this backend has one.
     *
     * @param kind the kernel's interface
     * @param dtype the type that it is to compute in
     * @param <K> the kernel's interface
     * @return the kernel, or null: the operation is then made of required ones
     */
    default <K> K kernel(Class<K> kind, DType dtype) {
        return dtype == DType.FLOAT32 && kind.isInstance(this) ? kind.cast(this) : null;
    }

    /**
     * Allocates memory; its content is undefined.
     *
     * @param bytes how much
     * @return the block, aligned for any kernel
     * @throws OutOfMemoryError if there is no more
     */
    DeviceBuffer allocate(long bytes);

    /**
     * Says how the blocks that core keeps for reuse come back through {@link #free}: for a backend that allocates memory
     * for its own needs and has none left.
     *
     * @param flush gives them back; not to be run from within {@link #allocate} or {@link #free}
     */
    default void reclaimWith(Runnable flush) {
        // Most backends allocate for core alone.
    }

    /**
     * Gives memory back.
     *
     * @param buffer a block that {@link #allocate} returned, not used any more
     */
    void free(DeviceBuffer buffer);

    /**
     * Copies host memory to the device. The source may be changed once this returns.
     *
     * @param source the bytes
     * @param target where they go
     * @param targetOffset the first byte written
     */
    void upload(MemorySegment source, DeviceBuffer target, long targetOffset);

    /**
     * Copies device memory to the host, after all work that was started before.
     *
     * @param source where the bytes are
     * @param sourceOffset the first byte read
     * @param target where they go; its size says how many
     */
    void download(DeviceBuffer source, long sourceOffset, MemorySegment target);

    /** Waits until all work that was started has run, and throws what failed in it. */
    void synchronize();

    /**
     * Sets every element to one value, converted as by {@link #copy}.
     *
     * @param value the value
     * @param out what is set
     */
    void fill(double value, View out);

    /**
     * Copies between any strides, converting types: to a narrower floating type to nearest; to int32 towards zero, with
     * NaN 0 and out-of-range values at the nearest end; to bool true unless equal to 0 (NaN is true).
     *
     * @param x what is copied
     * @param out as many axes and lengths
     */
    void copy(View x, View out);

    /**
     * out = op(x).
     *
     * @param op the function
     * @param x input
     * @param out output
     */
    void unary(UnaryOp op, View x, View out);

    /**
     * out = op(a, b).
     *
     * @param op the function
     * @param a left operand
     * @param b right operand
     * @param out output
     */
    void binary(BinaryOp op, View a, View b, View out);

    /**
     * out = op(a, b) for one number b, converted to the type first.
     *
     * @param op the function
     * @param a left operand
     * @param b right operand
     * @param out output
     */
    void binary(BinaryOp op, View a, double b, View out);

    /**
     * out = a op b, as bool.
     *
     * @param op the comparison
     * @param a left operand of any type
     * @param b right operand of a's type
     * @param out bool
     */
    void compare(CompareOp op, View a, View b, View out);

    /**
     * out = condition ? a : b.
     *
     * @param condition bool
     * @param a taken where true
     * @param b taken where false
     * @param out output
     */
    void where(View condition, View a, View b, View out);

    /**
     * Reduces axes. Sums of float32 are accurate to a few units in the last place of the sum of magnitudes, in an order
     * that depends on the shape only.
     *
     * @param op what is made of the elements
     * @param x input
     * @param out as many axes as x, with length 1 where x is reduced
     */
    void reduce(ReduceOp op, View x, View out);

    /**
     * The index of the largest or smallest element along one axis; the first of equals, and the first NaN if there is
     * one.
     *
     * @param op {@link ReduceOp#MAX} or {@link ReduceOp#MIN}
     * @param x input
     * @param axis the axis, not empty
     * @param out int32, x's shape with length 1 at the axis
     */
    void argReduce(ReduceOp op, View x, int axis, View out);

    /**
     * Batched matrix product, out = a · b or out = out + a · b. Each pair is one product over the last two axes; the
     * axes before them are equal in number and length (with stride 0 where a or b repeats). Transposed operands come as
     * strides. float32 and float64 only.
     *
     * @param a […, m, k]
     * @param b […, k, n]
     * @param out […, m, n], dense
     * @param accumulate whether out is added to
     */
    void matmul(View a, View b, View out, boolean accumulate);

    /**
     * out[i][j][k] = x[i][index[i][j][k]][k] for axis 1, and likewise for every axis.
     *
     * @param x input; equal to index in all axes but the gathered one
     * @param axis the axis that is indexed
     * @param index int32, of out's shape
     * @param out output
     * @throws IndexRangeException if an index is outside 0..x.dim(axis)−1, at the latest when synchronised; nothing
     *         outside x is read
     */
    void gather(View x, int axis, View index, View out);

    /**
     * out[i][index[i][j][k]][k] += x[i][j][k] for axis 1, and likewise for every axis, in the order of the elements,
     * each sum rounded to the type: deterministic.
     *
     * @param x what is added
     * @param axis the axis that is indexed
     * @param index int32, of x's shape
     * @param out what is added to; equal to x in all axes but the indexed one
     * @throws IndexRangeException if an index is outside 0..out.dim(axis)−1, at the latest when synchronised; nothing
     *         outside out is written
     */
    void scatterAdd(View x, int axis, View index, View out);

    /**
     * Fills with random numbers: the same bits on every device.
     *
     * @param distribution what is drawn
     * @param key what the numbers depend on
     * @param out float32 or float64, dense
     */
    void random(Distribution distribution, RandomKey key, View out);
}
