package dev.jacobian.cuda.driver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Looks at a shared library before the system's loader does, which maps whatever the file's tables promise: a file that
 * was cut short kills the process at the first touch of a missing page.
 */
final class LibraryFile {
    private static final int MAGIC = 0x464C457F; // 0x7F "ELF", little-endian
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int HEADER_BYTES = 64;
    private static final int SEGMENT_BYTES = 56;
    private static final int X86_64 = 62;
    private static final int AARCH64 = 183;

    private LibraryFile() {}

    /** What is wrong with a file as a library of this machine; null if nothing is. Files of other systems pass. */
    static String problem(Path file, Platform platform) {
        if (!platform.linux()) {
            return null;
        }
        try (FileChannel channel = FileChannel.open(file)) {
            long size = channel.size();
            ByteBuffer header = read(channel, 0, HEADER_BYTES);
            if (header == null || header.getInt(0) != MAGIC) {
                return "is not a library (" + size + " bytes, no ELF header)";
            }
            int machine = header.getShort(18);
            boolean fits = header.get(4) == CLASS_64 && header.get(5) == LITTLE_ENDIAN
                    && machine == (platform.x86() ? X86_64 : AARCH64);
            if (!fits) {
                return "is a library for another processor";
            }
            long end = end(channel, header);
            if (end < 0 || end > size) {
                return "is cut short (" + size + " bytes of " + (end < 0 ? "more" : Long.toString(end)) + ")";
            }
            return null;
        } catch (IOException e) {
            return "cannot be read (" + e.getClass().getSimpleName() + ")";
        }
    }

    /** Where the last segment or table of the file ends; −1 if not even the table of segments is there. */
    private static long end(FileChannel channel, ByteBuffer header) throws IOException {
        long segments = header.getLong(32);
        int count = Short.toUnsignedInt(header.getShort(56));
        long sections = header.getLong(40);
        long sectionBytes = Short.toUnsignedInt(header.getShort(58));
        long end = sections + sectionBytes * Short.toUnsignedInt(header.getShort(60));
        ByteBuffer table = read(channel, segments, count * SEGMENT_BYTES);
        if (table == null) {
            return -1;
        }
        for (int i = 0; i < count; i++) {
            int at = i * SEGMENT_BYTES;
            end = Math.max(end, table.getLong(at + 8) + table.getLong(at + 32));
        }
        return end;
    }

    private static ByteBuffer read(FileChannel channel, long from, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (from < 0 || channel.read(buffer, from + buffer.position()) < 0) {
                return null;
            }
        }
        return buffer;
    }
}
