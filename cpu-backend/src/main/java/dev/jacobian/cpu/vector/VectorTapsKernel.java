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
        for (int row = 0; row < rows; row++) {
            copyRow(from, fromOffset + row * fromRow, columns, to, toOffset + row * toRow);
        }
    }

    private static void copyRow(MemorySegment from, long fromOffset, int columns, MemorySegment to, long toOffset) {
        int lanes = SPECIES.length();
        int vectors = vectorsInside(from, fromOffset, STEP, Math.ceilDiv(columns, lanes));
        for (int i = 0; i < vectors; i++) {
            FloatVector.fromMemorySegment(SPECIES, from, fromOffset + i * STEP, ORDER)
                    .intoMemorySegment(to, toOffset + i * STEP, ORDER);
        }
        for (int i = vectors * lanes; i < columns; i++) {
            to.set(JAVA_FLOAT_UNALIGNED, toOffset + (long) i * Float.BYTES,
                    from.get(JAVA_FLOAT_UNALIGNED, fromOffset + (long) i * Float.BYTES));
        }
    }

    /**
     * How many of some pieces of a segment lie inside it. Loops count these up to here: with the segment's end as a
     * second condition, C2 guesses at it and is wrong at the end of every segment, compiling anew a hundred times.
     */
    private static int vectorsInside(MemorySegment segment, long offset, long bytes, int wanted) {
        return (int) Math.min(wanted, (segment.byteSize() - offset) / bytes);
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
        int vectors = vectorsInside(from, fromOffset, 2 * STEP, Math.ceilDiv(columns, SPECIES.length()));
        for (int i = 0; i < vectors; i++) {
            long p = fromOffset + i * (2 * STEP);
            FloatVector low = FloatVector.fromMemorySegment(SPECIES, from, p, ORDER);
            FloatVector high = FloatVector.fromMemorySegment(SPECIES, from, p + STEP, ORDER);
            low.rearrange(EVERY_SECOND, high).intoMemorySegment(to, toOffset + i * STEP, ORDER);
        }
        return vectors * SPECIES.length();
    }
}
