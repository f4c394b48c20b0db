package dev.jacobian.backend;

/**
 * What a kernel reads or writes: a buffer with the element type, shape, strides and offset that place a tensor in it.
 * Strides and offset count elements, not bytes. A stride of 0 repeats one element along an axis (broadcasting); only
 * views that are read have such strides. Core guarantees that every element lies inside the buffer.
 */
public final class View {
    private final DeviceBuffer buffer;
    private final DType dtype;
    private final Shape shape;
    private final long[] strides;
    private final long offset;
    private final Object owner;
    private final boolean contiguous;

    /**
     * A view of any strides.
     *
     * @param buffer the memory
     * @param dtype the type of its elements
     * @param shape the lengths of the axes
     * @param strides elements between neighbours along each axis, not negative; not copied, so not to be changed
     * @param offset the index of the first element
     */
    public View(DeviceBuffer buffer, DType dtype, Shape shape, long[] strides, long offset) {
        this(buffer, dtype, shape, strides, offset, null, isDense(shape, strides));
    }

    private View(DeviceBuffer buffer, DType dtype, Shape shape, long[] strides, long offset, Object owner,
            boolean contiguous) {
        this.buffer = buffer;
        this.dtype = dtype;
        this.shape = shape;
        this.strides = strides;
        this.offset = offset;
        this.owner = owner;
        this.contiguous = contiguous;
    }

    /**
     * A dense row-major view from the start of a buffer.
     *
     * @param buffer the memory
     * @param dtype the type of its elements
     * @param shape the lengths of the axes
     */
    public View(DeviceBuffer buffer, DType dtype, Shape shape) {
        this(buffer, dtype, shape, shape.denseStrides(), 0, null, true);
    }

    /**
     * A dense row-major view that keeps somebody reachable: while a backend holds the view, with a reachability fence
     * behind its kernel, no cleaner of the owner's can recycle the memory.
     *
     * @param buffer the memory
     * @param dtype the type of its elements
     * @param shape the lengths of the axes
     * @param owner who gives the memory back when it is not reachable any more
     * @return the view; so are all views that are made from it
     */
    public static View owned(DeviceBuffer buffer, DType dtype, Shape shape, Object owner) {
        return new View(buffer, dtype, shape, shape.denseStrides(), 0, owner, true);
    }

    private static boolean isDense(Shape shape, long[] strides) {
        long step = 1;
        for (int i = shape.rank() - 1; i >= 0; i--) {
            int length = shape.dim(i);
            if (length != 1) {
                if (strides[i] != step) {
                    return shape.size() == 0;
                }
                step *= length;
            }
        }
        return true;
    }

    /**
     * The memory.
     *
     * @return the buffer
     */
    public DeviceBuffer buffer() {
        return buffer;
    }

    /**
     * The type of the elements.
     *
     * @return the type
     */
    public DType dtype() {
        return dtype;
    }

    /**
     * The lengths of the axes.
     *
     * @return the shape
     */
    public Shape shape() {
        return shape;
    }

    /**
     * The number of axes.
     *
     * @return the rank
     */
    public int rank() {
        return strides.length;
    }

    /**
     * The length of one axis.
     *
     * @param axis in {@code -rank..rank-1}
     * @return its length
     */
    public int dim(int axis) {
        return shape.dim(axis);
    }

    /**
     * The number of elements.
     *
     * @return the size
     */
    public long size() {
        return shape.size();
    }

    /**
     * The distance between neighbours along one axis.
     *
     * @param axis in {@code -rank..rank-1}
     * @return elements
     */
    public long stride(int axis) {
        return strides[axis < 0 ? axis + strides.length : axis];
    }

    /**
     * The index in the buffer of the element whose indices are all 0.
     *
     * @return elements from the start of the buffer
     */
    public long offset() {
        return offset;
    }

    /**
     * Whether the elements lie densely one after another in row-major order.
     *
     * @return true if so; always true for views of no element
     */
    public boolean isContiguous() {
        return contiguous;
    }

    /**
     * The same memory under other axes.
     *
     * @param newShape the new lengths
     * @param newStrides the new strides; not copied
     * @param newOffset the index of the new first element
     * @return the view
     */
    public View as(Shape newShape, long[] newStrides, long newOffset) {
        return new View(buffer, dtype, newShape, newStrides, newOffset, owner, isDense(newShape, newStrides));
    }

    /**
     * The axes in another order.
     *
     * @param order a permutation of {@code 0..rank-1}: axis i of the result is axis order[i] of this
     * @return a view of the same memory
     */
    public View permute(int... order) {
        int[] dims = new int[order.length];
        long[] steps = new long[order.length];
        for (int i = 0; i < order.length; i++) {
            dims[i] = shape.dim(order[i]);
            steps[i] = strides[order[i]];
        }
        return as(Shape.of(dims), steps, offset);
    }

    /**
     * Repeats axes of length 1 to another length, adding axes in front as needed.
     *
     * @param target a shape that this shape broadcasts to
     * @return a view of the same memory, with stride 0 where elements repeat
     */
    public View expand(Shape target) {
        if (target.equals(shape)) {
            return this;
        }
        int added = target.rank() - rank();
        long[] steps = new long[target.rank()];
        for (int i = added; i < steps.length; i++) {
            steps[i] = shape.dim(i - added) == target.dim(i) ? strides[i - added] : 0;
        }
        return as(target, steps, offset);
    }

    /**
     * The same elements in row-major order under another shape, if strides can express it.
     *
     * @param target a shape of as many elements
     * @return a view of the same memory, or null if the elements would have to be copied
     */
    public View reshape(Shape target) {
        if (contiguous) {
            return new View(buffer, dtype, target, target.denseStrides(), offset, owner, true);
        }
        // Walks both shapes from the left, matching groups of axes with equal products; a group of this view must be
        // dense within itself to be split anew.
        long[] steps = new long[target.rank()];
        int from = 0;
        int to = 0;
        while (from < rank() && to < target.rank()) {
            int fromEnd = from + 1;
            int toEnd = to + 1;
            long have = shape.dim(from);
            long want = target.dim(to);
            while (have != want) {
                if (have < want) {
                    have *= shape.dim(fromEnd++);
                } else {
                    want *= target.dim(toEnd++);
                }
            }
            long step = denseStep(from, fromEnd);
            if (step < 0) {
                return null;
            }
            for (int i = toEnd - 1; i >= to; i--) {
                steps[i] = step;
                step *= target.dim(i);
            }
            from = fromEnd;
            to = toEnd;
        }
        return as(target, steps, offset);
    }

    /** The stride of the innermost axis of a group of axes that are dense among themselves, or -1 if they are not. */
    private long denseStep(int from, int end) {
        long step = -1;
        long expected = -1;
        for (int i = end - 1; i >= from; i--) {
            if (shape.dim(i) == 1) {
                continue;
            }
            if (step < 0) {
                step = strides[i];
            } else if (strides[i] != expected) {
                return -1;
            }
            expected = strides[i] * shape.dim(i);
        }
        return step < 0 ? 1 : step;
    }
}
