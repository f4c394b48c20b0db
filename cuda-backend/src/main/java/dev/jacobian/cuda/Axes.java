package dev.jacobian.cuda;

import dev.jacobian.backend.View;
import dev.jacobian.cuda.driver.CudaBuffer;
import dev.jacobian.cuda.driver.Launch;
import java.util.Arrays;

/**
 * The axes of up to four operands of one shape, as {@code axes.cuh} walks them. Axes of length 1 are dropped and
 * neighbours that are dense together in all operands merged; what is left of most operands is one or two axes.
 *
 * <p>A kernel takes at most {@value #MAX_AXES} axes, {@value #LARGEST} elements, and strides of 32 bits. What is larger
 * is walked in pieces, one launch each:
 *
 * <pre>{@code
 * Axes axes = Axes.of(out, x);
 * while (axes.next()) {
 *     Launch launch = context.launch(kernel).address(axes.address(0)).address(axes.address(1)).i32(axes.pieceSize());
 *     axes.write(launch).run(…);
 * }
 * }</pre>
 *
 * <p>Objects are reused: each thread has two, and what {@link #of} or {@link #start} returned is valid until the next
 * call for the same one.
 */
final class Axes {
    /** As in {@code axes.cuh}. */
    static final int MAX_AXES = 8;

    /** The most elements of a launch: divisions by reciprocals are right below 2³¹. */
    static final int LARGEST = 1 << 30;

    private static final int MAX_OPERANDS = 4;
    private static final long LARGEST_STRIDE = 0xFFFF_FFFFL;
    private static final ThreadLocal<Axes[]> REUSED = ThreadLocal
            .withInitial(() -> new Axes[] {new Axes(), new Axes()});

    private final long[] first = new long[MAX_OPERANDS];
    private final int[] bytes = new int[MAX_OPERANDS];
    private final long[] moved = new long[MAX_OPERANDS];
    private final long[][] strides = new long[MAX_OPERANDS][MAX_AXES];
    private long[] dims = new long[MAX_AXES];
    private long[] index = new long[MAX_AXES];
    private int[] order = new int[MAX_AXES];
    private int operands;
    private int rank;
    private int split;
    private long chunk;
    private long inner;
    private long pieceDim;
    private boolean empty;
    private boolean begun;

    private Axes() {}

    /** Walks one view in the order of its memory, with this thread's first object. */
    static Axes of(View a) {
        return of(1, a, null, null, null);
    }

    /** Walks views of one shape in the order of the first one's memory, which is as a rule the output's. */
    static Axes of(View a, View b) {
        return of(2, a, b, null, null);
    }

    static Axes of(View a, View b, View c) {
        return of(3, a, b, c, null);
    }

    static Axes of(View a, View b, View c, View d) {
        return of(4, a, b, c, d);
    }

    private static Axes of(int operands, View a, View b, View c, View d) {
        Axes axes = start(0, operands);
        axes.operand(0, a);
        axes.operand(1, b);
        axes.operand(2, c);
        axes.operand(3, d);
        int[] order = axes.byStride(a);
        for (int i = 0; i < a.rank(); i++) {
            int axis = order[i];
            axes.axis(a.dim(axis), a.stride(axis), stride(b, axis), stride(c, axis), stride(d, axis));
        }
        return axes;
    }

    private static long stride(View view, int axis) {
        return view == null ? 0 : view.stride(axis);
    }

    /** The numbers of a view's axes, widest stride first; equal ones stay as they are. */
    int[] byStride(View view) {
        if (order.length < view.rank()) {
            order = new int[view.rank()];
        }
        for (int axis = 0; axis < view.rank(); axis++) {
            int at = axis;
            while (at > 0 && view.stride(order[at - 1]) < view.stride(axis)) {
                order[at] = order[at - 1];
                at--;
            }
            order[at] = axis;
        }
        return order;
    }

    /** Begins anew, for operands and axes that are given one by one, with this thread's object 0 or 1. */
    static Axes start(int which, int operands) {
        Axes axes = REUSED.get()[which];
        axes.operands = operands;
        axes.rank = 0;
        axes.empty = false;
        axes.rewind();
        return axes;
    }

    /** Sets where an operand begins. */
    void operand(int i, View view) {
        if (view != null) {
            int size = view.dtype().bytes();
            operand(i, ((CudaBuffer) view.buffer()).address() + view.offset() * size, size);
        }
    }

    /** Sets where an operand begins. */
    void operand(int i, long address, int elementBytes) {
        first[i] = address;
        bytes[i] = elementBytes;
    }

    /** Adds an axis inside those that are there, with each operand's stride; those beyond the operands are ignored. */
    void axis(long length, long a, long b, long c, long d) {
        empty |= length == 0;
        if (length == 1) {
            return;
        }
        if (!continues(length, a, b, c, d)) {
            reserve(rank + 1);
            dims[rank++] = 1;
        }
        int last = rank - 1;
        dims[last] *= length;
        strides[0][last] = a;
        strides[1][last] = b;
        strides[2][last] = c;
        strides[3][last] = d;
    }

    private boolean continues(long length, long a, long b, long c, long d) {
        int last = rank - 1;
        return rank > 0
                && dims[last] * length <= LARGEST
                && strides[0][last] == a * length
                && (operands < 2 || strides[1][last] == b * length)
                && (operands < 3 || strides[2][last] == c * length)
                && (operands < 4 || strides[3][last] == d * length);
    }

    private void reserve(int axes) {
        if (dims.length < axes) {
            dims = Arrays.copyOf(dims, 2 * axes);
            index = new long[2 * axes];
            for (int i = 0; i < MAX_OPERANDS; i++) {
                strides[i] = Arrays.copyOf(strides[i], 2 * axes);
            }
        }
    }

    /** Adds or moves an operand, to lie in the order of the axes that are left, neighbours so many elements apart. */
    void dense(int i, long address, int elementBytes, long apart) {
        operands = Math.max(operands, i + 1);
        operand(i, address, elementBytes);
        long step = apart;
        for (int axis = rank - 1; axis >= 0; axis--) {
            strides[i][axis] = step;
            step *= dims[axis];
        }
        rewind();
    }

    /** How many axes are left, outermost first. */
    int rank() {
        return rank;
    }

    /** The length of an axis that is left, 0 the outermost; never 1. */
    long dim(int axis) {
        return dims[axis];
    }

    /** An operand's stride along an axis that is left. */
    long stride(int i, int axis) {
        return strides[i][axis];
    }

    /** The number of elements. */
    long size() {
        long size = 1;
        for (int i = 0; i < rank; i++) {
            size *= dims[i];
        }
        return empty ? 0 : size;
    }

    /** Whether each operand's elements lie one after another in the same order. */
    boolean isDense() {
        if (rank > 1) {
            return false;
        }
        for (int i = 0; i < operands && rank == 1; i++) {
            if (strides[i][0] != 1) {
                return false;
            }
        }
        return true;
    }

    /**
     * Makes one element of every four neighbours along the innermost axis, if each operand can be read four at a time
     * or repeats one. Returns a bit for each operand, set where four lie together and clear where one repeats; or 0,
     * with nothing changed. Not to be called after {@link #next}.
     */
    int groupByFour() {
        int last = rank - 1;
        if (rank == 0 || empty || dims[last] % 4 != 0) {
            return 0;
        }
        int together = 0;
        for (int i = 0; i < operands; i++) {
            if (strides[i][last] == 1 && isAligned(i, last)) {
                together |= 1 << i;
            } else if (strides[i][last] != 0) {
                return 0;
            }
        }
        dims[last] /= 4;
        for (int i = 0; i < operands; i++) {
            strides[i][last] *= 4;
        }
        return together;
    }

    /** Whether every element along the outer axes lies at a multiple of the size of four. */
    boolean isAligned(int i, int outer) {
        boolean aligned = first[i] % (4L * bytes[i]) == 0;
        for (int axis = 0; axis < outer; axis++) {
            aligned &= strides[i][axis] % 4 == 0;
        }
        return aligned;
    }

    /** Where an operand's element is whose index is 0 along one axis, numbered by the others in row-major order. */
    long address(int i, int but, long element) {
        long offset = 0;
        long rest = element;
        for (int axis = rank - 1; axis >= 0; axis--) {
            if (axis != but) {
                offset += rest % dims[axis] * strides[i][axis];
                rest /= dims[axis];
            }
        }
        return first[i] + offset * bytes[i];
    }

    /** Takes the innermost axis away. */
    void dropInnermost() {
        rank--;
    }

    /** Makes the next piece the first one. */
    void rewind() {
        begun = false;
        Arrays.fill(moved, 0);
    }

    /** Goes to the next piece, at first to the first one; returns false where there is none. */
    boolean next() {
        if (begun) {
            return advance();
        }
        begun = true;
        if (empty) {
            return false;
        }
        divide();
        Arrays.fill(index, 0);
        pieceDim = split < rank ? chunk : 1;
        return true;
    }

    /** Chooses what a launch walks: the axes from split on, chunk of the first one at a time. */
    private void divide() {
        split = rank;
        chunk = 1;
        inner = 1;
        while (split > 0 && rank - split < MAX_AXES && inner * chunk <= LARGEST / 2 && isNarrow(split - 1)) {
            inner *= chunk;
            split--;
            chunk = Math.min(dims[split], LARGEST / inner);
            if (chunk < dims[split]) {
                return;
            }
        }
    }

    private boolean isNarrow(int axis) {
        for (int i = 0; i < operands; i++) {
            if (strides[i][axis] > LARGEST_STRIDE) {
                return false;
            }
        }
        return true;
    }

    private boolean advance() {
        int axis = Math.min(split, rank - 1);
        long step = axis == split ? chunk : 1;
        while (axis >= 0) {
            if (index[axis] + step < dims[axis]) {
                move(axis, step);
                pieceDim = split < rank ? Math.min(chunk, dims[split] - index[split]) : 1;
                return true;
            }
            move(axis, -index[axis]);
            axis--;
            step = 1;
        }
        return false;
    }

    private void move(int axis, long steps) {
        index[axis] += steps;
        for (int i = 0; i < operands; i++) {
            moved[i] += steps * strides[i][axis];
        }
    }

    /** The number of elements of the piece, 1 or more. */
    int pieceSize() {
        return Math.toIntExact(pieceDim * inner);
    }

    /** The size of an operand's elements. */
    int elementBytes(int i) {
        return bytes[i];
    }

    /** Where an operand's first element of the piece is. */
    long address(int i) {
        return first[i] + moved[i] * bytes[i];
    }

    /** Writes the piece's axes as {@code Axes<operands>} of {@code axes.cuh}. */
    Launch write(Launch launch) {
        writeLengths(launch.open(4));
        for (int i = 0; i < operands; i++) {
            writeStrides(launch, i);
        }
        return launch.close();
    }

    /**
     * Writes the lengths of the piece as the first members of {@code Axes} in a struct that is open; those of
     * {@link #writeStrides} follow.
     */
    void writeLengths(Launch launch) {
        int count = rank - split;
        launch.i32(count);
        for (int i = 0; i < MAX_AXES; i++) {
            launch.i32(i < count ? (int) length(i) : 1);
        }
        for (int i = 0; i < MAX_AXES; i++) {
            launch.i32(i < count ? multiplier(length(i)) : 1);
        }
        for (int i = 0; i < MAX_AXES; i++) {
            launch.i32(i < count ? shift(length(i)) : 0);
        }
    }

    /** Writes one operand's strides as members of {@code Axes}. */
    void writeStrides(Launch launch, int operand) {
        int count = rank - split;
        for (int i = 0; i < MAX_AXES; i++) {
            launch.i32(i < count ? (int) strides[operand][rank - 1 - i] : 0);
        }
    }

    /** The length of one of the piece's axes, innermost first. */
    private long length(int i) {
        int axis = rank - 1 - i;
        return axis == split ? pieceDim : dims[axis];
    }

    /** ⌈log₂ d⌉. */
    static int shift(long d) {
        return Long.SIZE - Long.numberOfLeadingZeros(d - 1);
    }

    /** The reciprocal of d that {@code quotient} in {@code axes.cuh} multiplies by, for d in 1..2³¹. */
    static int multiplier(long d) {
        return (int) ((((1L << shift(d)) - d) << Integer.SIZE) / d + 1);
    }
}
