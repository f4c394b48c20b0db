package dev.jacobian.data;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * A file in the IDX format of MNIST and Fashion-MNIST: unsigned bytes of rank 1 (labels) or 3 (images), plain or gzip.
 *
 * <p>
 * The format: four bytes of magic number (0, 0, 8 for unsigned bytes, rank), one big-endian 32-bit size per axis, then the
 * elements, row-major. Whether a file is compressed is told by its first two bytes (1f 8b), not by its name.
 */
public final class IdxFile {

    private static final int GZIP_MAGIC = 0x1F8B;
    private static final int UNSIGNED_BYTES = 0x0800;
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final int[] shape;
    private final byte[] data;

    private IdxFile(int[] shape, byte[] data) {
        this.shape = shape;
        this.data = data;
    }

    /**
     * Reads a file of rank 1 or 3, whichever its magic number says.
     *
     * @param file the file, plain or gzip
     * @return its shape and its elements
     * @throws DataException if the file is missing, unreadable, damaged, too large for memory, or of another kind
     */
    public static IdxFile read(Path file) {
        return read(file, 1, 3);
    }

    /**
     * Reads a file of one rank.
     *
     * @param file the file, plain or gzip
     * @param rank 1 for labels, 3 for images
     * @return its shape and its elements
     * @throws DataException            if the file is missing, unreadable, damaged, too large for memory, or of another kind
     * @throws IllegalArgumentException if {@code rank} is neither 1 nor 3
     */
    public static IdxFile read(Path file, int rank) {
        if (rank != 1 && rank != 3) {
            throw new IllegalArgumentException("idx file: got rank " + rank + ", expected 1 (labels) or 3 (images)");
        }
        return read(file, new int[] {rank});
    }

    private static IdxFile read(Path file, int... ranks) {
        if (!Files.exists(file)) {
            throw new DataException("idx file: missing: " + file + "; check the path");
        }
        if (!Files.isRegularFile(file)) {
            throw new DataException("idx file: not a file: " + file + "; name the file itself, not its folder");
        }
        try (InputStream in = open(file)) {
            return read(in, file, ranks);
        } catch (EOFException e) {
            throw new DataException("idx file: truncated gzip: " + file
                    + ", got the end of the file, expected more compressed data; download it again", e);
        } catch (ZipException e) {
            throw new DataException("idx file: corrupt gzip: " + file + ", " + e.getMessage() + "; download it again",
                    e);
        } catch (IOException e) {
            throw new DataException("idx file: cannot read: " + file + ", " + e + "; check the file's permissions", e);
        }
    }

    private static InputStream open(Path file) throws IOException {
        InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        try {
            byte[] start = raw.readNBytes(2);
            InputStream whole = new SequenceInputStream(new ByteArrayInputStream(start), raw);
            boolean gzip = start.length == 2 && (start[0] & 0xFF) == GZIP_MAGIC >>> 8
                    && (start[1] & 0xFF) == (GZIP_MAGIC & 0xFF);
            return gzip ? new GZIPInputStream(whole, 1 << 16) : whole;
        } catch (IOException e) {
            raw.close();
            throw e;
        }
    }

    private static IdxFile read(InputStream in, Path file, int[] ranks) throws IOException {
        int magic = header(in, file);
        int rank = magic & 0xFF;
        if (Arrays.stream(ranks).noneMatch(r -> magic == (UNSIGNED_BYTES | r))) {
            throw new DataException("idx file: wrong magic number: " + file + ", got " + hex(magic) + ", expected "
                    + expected(ranks) + "; is it another kind of file?");
        }
        int[] shape = new int[rank];
        long total = 1;
        for (int axis = 0; axis < rank; axis++) {
            shape[axis] = header(in, file);
            if (shape[axis] < 0) {
                throw new DataException(
                        "idx file: negative size: " + file + ", got " + shape[axis] + " for axis " + axis
                                + ", expected at least 0; the header is damaged, download the file again");
            }
            total = shape[axis] == 0 || total <= Long.MAX_VALUE / shape[axis] ? total * shape[axis] : Long.MAX_VALUE;
        }
        long limit = Math.min(LARGEST_ARRAY, Runtime.getRuntime().maxMemory());
        if (total > limit) {
            throw new DataException("idx file: does not fit memory: " + file + ", got shape " + Arrays.toString(shape)
                    + ", expected at most " + limit
                    + " bytes; raise -Xmx, or download the file again if it is damaged");
        }
        byte[] data = in.readNBytes((int) total);
        if (data.length < total) {
            throw new DataException(
                    "idx file: truncated data: " + file + ", got " + data.length + " bytes, expected " + total
                            + " for shape " + Arrays.toString(shape) + "; download it again");
        }
        if (in.read() >= 0) {
            throw new DataException("idx file: trailing data: " + file + ", got more than the " + total
                    + " bytes expected for shape " + Arrays.toString(shape) + "; download it again");
        }
        return new IdxFile(shape, data);
    }

    private static int header(InputStream in, Path file) throws IOException {
        byte[] bytes = in.readNBytes(4);
        if (bytes.length < 4) {
            throw new DataException("idx file: truncated data: " + file
                    + ", got the end of the file in the header, expected a magic number and sizes; download it again");
        }
        return ByteBuffer.wrap(bytes).getInt();
    }

    private static String expected(int[] ranks) {
        StringBuilder text = new StringBuilder();
        for (int rank : ranks) {
            text.append(text.isEmpty() ? "" : " or ").append(hex(UNSIGNED_BYTES | rank));
            text.append(rank == 1 ? " (labels)" : " (images)");
        }
        return text.toString();
    }

    private static String hex(int magic) {
        return String.format(Locale.ROOT, "0x%08x", magic);
    }

    /**
     * The sizes of the axes.
     *
     * @return {@code [count]} for labels, {@code [count, height, width]} for images; a copy
     */
    public int[] shape() {
        return shape.clone();
    }

    /**
     * The elements.
     *
     * @return as many unsigned bytes as the product of the shape, row-major; the array itself, not a copy
     */
    public byte[] data() {
        return data;
    }
}
