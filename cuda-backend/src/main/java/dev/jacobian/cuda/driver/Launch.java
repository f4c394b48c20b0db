package dev.jacobian.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.jacobian.backend.View;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The arguments of a kernel, in the order of its parameters, and its start. Every thread has one object, with the
 * values and the table of their addresses outside the heap, so that a launch allocates nothing; arguments for one
 * kernel must be complete before {@link CudaContext#launch} is called again on the thread.
 */
public final class Launch {
    /** What the driver accepts as parameters on every architecture. */
    private static final int VALUE_BYTES = 4096;
    private static final int MOST_PARAMETERS = 512;
    private static final ThreadLocal<Launch> OF_THREAD = ThreadLocal.withInitial(Launch::new);

    private final MemorySegment values;
    private final MemorySegment table;
    private final NativePointer parameters;
    private final long base;
    private Kernel kernel;
    private int count;
    private int end;
    private int structAlignment;

    private Launch() {
        values = Arena.ofAuto().allocate(VALUE_BYTES, 16);
        table = Arena.ofAuto().allocate(8L * MOST_PARAMETERS, 8);
        base = values.address();
        parameters = new NativePointer(table.address());
        for (int i = 0; i < MOST_PARAMETERS; i++) {
            table.setAtIndex(JAVA_LONG, i, base); // a kernel given too few arguments reads rubbish, not a null pointer
        }
    }

    static Launch ofThread() {
        return OF_THREAD.get();
    }

    Launch begin(Kernel next) {
        kernel = next;
        count = 0;
        end = 0;
        structAlignment = 0;
        return this;
    }

    /**
     * Passes where a view's first element lies.
     *
     * @param view the view, or null for a null pointer
     * @return this
     */
    public Launch pointer(View view) {
        return address(view == null
                ? 0
                : ((CudaBuffer) view.buffer()).address() + view.offset() * view.dtype().bytes());
    }

    /**
     * Passes a device address.
     *
     * @param address the address
     * @return this
     */
    public Launch address(long address) {
        return i64(address);
    }

    /**
     * Passes a 32-bit integer, signed or not.
     *
     * @param v the value
     * @return this
     */
    public Launch i32(int v) {
        values.set(JAVA_INT, place(Integer.BYTES), v);
        return this;
    }

    /**
     * Passes a 64-bit integer, signed or not.
     *
     * @param v the value
     * @return this
     */
    public Launch i64(long v) {
        values.set(JAVA_LONG, place(Long.BYTES), v);
        return this;
    }

    /**
     * Passes a float.
     *
     * @param v the value
     * @return this
     */
    public Launch f32(float v) {
        values.set(JAVA_FLOAT, place(Float.BYTES), v);
        return this;
    }

    /**
     * Begins one parameter that is a struct passed by value: the values that follow are its members, each aligned to
     * its own size, until {@link #close()}.
     *
     * @param alignment the alignment of the struct in bytes: 4, 8 or 16
     * @return this
     */
    public Launch open(int alignment) {
        if (structAlignment != 0 || (alignment != 4 && alignment != 8 && alignment != 16)) {
            throw new IllegalStateException("launch " + kernel + ": struct of alignment " + alignment
                    + (structAlignment != 0 ? " inside another" : ", expected 4, 8 or 16"));
        }
        parameter(alignment);
        structAlignment = alignment;
        return this;
    }

    /**
     * Ends the struct, padded to its alignment.
     *
     * @return this
     */
    public Launch close() {
        if (structAlignment == 0) {
            throw new IllegalStateException("launch " + kernel + ": close without open");
        }
        end = align(end, structAlignment);
        structAlignment = 0;
        return this;
    }

    private static int align(int offset, int alignment) {
        return (offset + alignment - 1) & -alignment;
    }

    private void parameter(int alignment) {
        end = align(end, alignment);
        table.setAtIndex(JAVA_LONG, count++, base + end);
    }

    private int place(int bytes) {
        if (structAlignment == 0) {
            parameter(bytes);
        } else {
            end = align(end, bytes);
        }
        int at = end;
        end = at + bytes;
        return at;
    }

    /**
     * Starts the kernel over a line of blocks.
     *
     * @param blocks how many; no launch if 0
     * @param threads threads in a block, 1..1024
     * @param sharedBytes dynamic shared memory of a block
     * @throws IllegalArgumentException if there are more than 2³¹−1 blocks
     * @throws dev.jacobian.backend.DeviceException if the kernel does not compile or cannot start, or the device failed
     */
    public void run(long blocks, int threads, int sharedBytes) {
        if (blocks < 0 || blocks > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("launch " + kernel + ": " + blocks + " blocks, expected 0..2147483647");
        }
        run((int) blocks, 1, 1, threads, sharedBytes);
    }

    /**
     * Starts the kernel over a box of blocks.
     *
     * @param blocksX blocks along x, up to 2³¹−1; no launch if any number is 0
     * @param blocksY blocks along y, up to 65535
     * @param blocksZ blocks along z, up to 65535
     * @param threads threads in a block, 1..1024
     * @param sharedBytes dynamic shared memory of a block
     * @throws dev.jacobian.backend.DeviceException if the kernel does not compile or cannot start, or the device failed
     */
    public void run(int blocksX, int blocksY, int blocksZ, int threads, int sharedBytes) {
        if (structAlignment != 0) {
            throw new IllegalStateException("launch " + kernel + ": open without close");
        }
        if (blocksX == 0 || blocksY == 0 || blocksZ == 0) {
            return;
        }
        kernel.launch(blocksX, blocksY, blocksZ, threads, sharedBytes, parameters);
    }
}
