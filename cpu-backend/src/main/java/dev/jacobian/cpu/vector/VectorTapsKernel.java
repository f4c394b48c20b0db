package dev.jacobian.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.jacobian.cpu.conv.TapsKernel;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The inner loop of convolutions on the Vector API. */
public final class VectorTapsKernel implements TapsKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final long STEP = SPECIES.vectorByteSize();
    private static final boolean MANY_REGISTERS = STEP == 64
            || "aarch64".equals(System.getProperty("os.arch"));

    private static final VectorShuffle<Float> EVERY_SECOND = VectorShuffle.iota(SPECIES, 0, 2, false);

    @Override
    public int rows() {
        return MANY_REGISTERS ? VectorTapsKernelEightRows.ROWS : VectorTapsKernelFourRows.ROWS;
    }

    @Override
    public int lanes() {
        return SPECIES.length();
    }

    @Override
    public int vectors() {
        return 3;
    }

    @Override
    public void tile(MemorySegment a, long aOffset, MemorySegment b, long bOffset, long[] offsets, int first,
            int depth, int vectors, MemorySegment c, long cOffset, long cRow) {
        if (MANY_REGISTERS) {
            switch (vectors) {
                case 1 -> VectorTapsKernelEightRows.tile1(a, aOffset, b, bOffset, offsets, first, depth, c, cOffset,
                        cRow);
                case 2 -> VectorTapsKernelEightRows.tile2(a, aOffset, b, bOffset, offsets, first, depth, c, cOffset,
                        cRow);
                default -> VectorTapsKernelEightRows.tile3(a, aOffset, b, bOffset, offsets, first, depth, c, cOffset,
                        cRow);
            }
        } else {
            switch (vectors) {
                case 1 -> VectorTapsKernelFourRows.tile1(a, aOffset, b, bOffset, offsets, first, depth, c, cOffset,
                        cRow);
                case 2 -> VectorTapsKernelFourRows.tile2(a, aOffset, b, bOffset, offsets, first, depth, c, cOffset,
                        cRow);
                default -> VectorTapsKernelFourRows.tile3(a, aOffset, b, bOffset, offsets, first, depth, c, cOffset,
                        cRow);
            }
        }
    }

    @Override
    public void copyRows(MemorySegment from, long fromOffset, long fromRow, int step, int rows, int columns,
            MemorySegment to, long toOffset, long toRow) {
        if (step != 1) {
            copyStrided(from, fromOffset, fromRow, step, rows, columns, to, toOffset, toRow);
            return;
        }
        long bytes = (long) columns * Float.BYTES;
        long end = from.byteSize() - STEP;
        for (int row = 0; row < rows; row++) {
            long p = fromOffset + row * fromRow;
            long q = toOffset + row * toRow;
            long done = 0;
            for (; done < bytes && p + done <= end; done += STEP) {
                FloatVector.fromMemorySegment(SPECIES, from, p + done, ORDER)
                        .intoMemorySegment(to, q + done, ORDER);
            }
            if (done < bytes) {
                MemorySegment.copy(from, p + done, to, q + done, bytes - done);
            }
        }
    }

    private static void copyStrided(MemorySegment from, long fromOffset, long fromRow, int step, int rows, int columns,
            MemorySegment to, long toOffset, long toRow) {
        for (int row = 0; row < rows; row++) {
            long p = fromOffset + row * fromRow;
            long q = toOffset + row * toRow;
            int done = step == 2 ? copyEverySecond(from, p, columns, to, q) : 0;
            for (int i = done; i < columns; i++) {
                to.set(JAVA_FLOAT_UNALIGNED, q + (long) i * Float.BYTES,
                        from.get(JAVA_FLOAT_UNALIGNED, p + (long) i * step * Float.BYTES));
            }
        }
    }

    /** Whole vectors, as long as none is read outside; how many elements it has copied. */
    private static int copyEverySecond(MemorySegment from, long fromOffset, int columns, MemorySegment to,
            long toOffset) {
        long end = from.byteSize() - 2 * STEP;
        int i = 0;
        for (long p = fromOffset; i < columns && p <= end; p += 2 * STEP) {
            FloatVector low = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER);
            FloatVector high = FloatVector.fromMemorySegment(SPECIES, from, p + STEP, ORDER);
            low.rearrange(EVERY_SECOND, high).intoMemorySegment(to, toOffset + (long) i * Float.BYTES, ORDER);
            i += SPECIES.length();
        }
        return i;
    }
}
