package dev.jacobian.io;

import dev.jacobian.backend.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file.
 *
 * @param tensors what the file holds, by name, in the header's order
 * @param metadata texts about the file
 * @param dataStart the first byte behind the header
 */
record SafeTensorsHeader(Map<String, Placement> tensors, Map<String, String> metadata, long dataStart) {
    static final String METADATA = "__metadata__";

    /** The format's own limit. */
    private static final long LONGEST = 100_000_000;

    /**
     * Where a tensor stands.
     *
     * @param type of its elements
     * @param shape the lengths of its axes
     * @param from its first byte, counted from the data's start
     * @param to the byte behind its last
     */
    record Placement(StorageType type, Shape shape, long from, long to) {}

    /** Reads and checks a file's header: what it returns fits the file. */
    static SafeTensorsHeader read(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < Long.BYTES) {
            throw new FileFormatException(file, size + " bytes, expected at least the 8 of a safetensors file's header"
                    + " length; the file is truncated or of another format");
        }
        long length = readFully(file, channel, Long.BYTES).getLong();
        if (length < 2 || length > LONGEST) {
            throw new FileFormatException(file, "header length " + Long.toUnsignedString(length) + ", expected 2.."
                    + LONGEST + "; this is not a safetensors file");
        }
        if (length > size - Long.BYTES) {
            throw new FileFormatException(file, "header length " + length + ", but only " + (size - Long.BYTES)
                    + " bytes follow; the file is truncated or of another format");
        }
        CharBuffer text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(readFully(file, channel, (int) length));
        } catch (CharacterCodingException e) {
            throw new FileFormatException(file,
                    "the header is not UTF-8 text; the file is damaged or of another format");
        }
        long start = Long.BYTES + length;
        SafeTensorsHeader header = new HeaderParser(file, text.toString()).parse(start);
        checkCover(file, header.tensors(), size - start);
        return header;
    }

    private static ByteBuffer readFully(Path file, FileChannel channel, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new FileFormatException(file, "the file ended while its header was being read");
            }
        }
        return bytes.flip();
    }

    /** Tensors must follow one another without overlap or gap, and end where the file does. */
    private static void checkCover(Path file, Map<String, Placement> tensors, long dataSize) {
        List<Map.Entry<String, Placement>> sorted = tensors.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, Placement> entry) -> entry.getValue().from())
                        .thenComparingLong(entry -> entry.getValue().to()))
                .toList();
        long end = 0;
        for (Map.Entry<String, Placement> entry : sorted) {
            Placement info = entry.getValue();
            if (info.from() != end) {
                throw new FileFormatException(file, "tensor " + entry.getKey() + " starts at byte " + info.from()
                        + " of the data, expected " + end + ", where the one before ends: tensors "
                        + (info.from() < end ? "overlap" : "leave a gap"));
            }
            end = info.to();
        }
        if (end != dataSize) {
            throw new FileFormatException(file, "tensors take " + end + " bytes, but " + dataSize
                    + " follow the header; the file is " + (end > dataSize ? "truncated" : "damaged"));
        }
    }

    /** The header's bytes, padded so that the data is aligned to 8 bytes. */
    static byte[] write(Map<String, SafeTensors.Entry> entries, List<String> order, Map<String, String> metadata) {
        Map<String, Long> starts = new HashMap<>();
        long end = 0;
        for (String name : order) {
            starts.put(name, end);
            SafeTensors.Entry entry = entries.get(name);
            end = Math.addExact(end, Math.multiplyExact(entry.tensor().size(), (long) entry.type().bytes()));
        }
        StringBuilder json = new StringBuilder("{");
        if (!metadata.isEmpty()) {
            json.append('"').append(METADATA).append("\":{");
            metadata.forEach((name, text) -> {
                quote(name, json).append(':');
                quote(text, json).append(',');
            });
            json.setCharAt(json.length() - 1, '}');
            json.append(',');
        }
        entries.forEach((name, entry) -> {
            if (name.equals(METADATA)) {
                throw new IllegalArgumentException("safetensors: tensor name " + METADATA + " is reserved; rename it");
            }
            long from = starts.get(name);
            quote(name, json).append(":{\"dtype\":\"").append(entry.type().name()).append("\",\"shape\":")
                    .append(Arrays.toString(entry.tensor().shape().toArray()).replace(" ", ""))
                    .append(",\"data_offsets\":[").append(from).append(',')
                    .append(from + entry.tensor().size() * entry.type().bytes()).append("]},");
        });
        if (json.length() > 1) {
            json.setLength(json.length() - 1);
        }
        byte[] text = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
        byte[] padded = Arrays.copyOf(text, (text.length + 7) / 8 * 8);
        Arrays.fill(padded, text.length, padded.length, (byte) ' ');
        return padded;
    }

    private static StringBuilder quote(String text, StringBuilder json) {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new IllegalArgumentException("safetensors: name or text '" + text + "' has half a surrogate pair");
        }
        json.append('"');
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                json.append('\\').append((char) c);
            } else if (c < ' ') {
                json.append(String.format("\\u%04x", c));
            } else {
                json.append((char) c);
            }
        });
        return json.append('"');
    }
}
