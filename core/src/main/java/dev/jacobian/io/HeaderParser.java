package dev.jacobian.io;

import dev.jacobian.backend.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Reads a safetensors header. Knows just the JSON that such a header may hold, two levels deep, and so has no use for
 * recursion: deep nesting is an error like any other.
 */
final class HeaderParser {
    /** More axes than any network has; keeps hostile shapes small. */
    private static final int MOST_AXES = 64;

    private final Path file;
    private final String text;
    private int at;

    HeaderParser(Path file, String text) {
        this.file = file;
        this.text = text;
    }

    SafeTensorsHeader parse(long dataStart) {
        Map<String, SafeTensorsHeader.Placement> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        boolean[] seen = new boolean[1];
        if (text.charAt(0) != '{') {
            throw wrong("expected '{'");
        }
        object(name -> {
            if (name.equals(SafeTensorsHeader.METADATA)) {
                once(seen[0], name);
                seen[0] = true;
                object(key -> {
                    once(metadata.containsKey(key), key);
                    metadata.put(key, string());
                });
            } else {
                once(tensors.containsKey(name), name);
                tensors.put(name, info(name));
            }
        });
        skipSpace();
        if (at < text.length()) {
            throw wrong("expected nothing but spaces after the last '}'");
        }
        return new SafeTensorsHeader(
                Collections.unmodifiableMap(tensors), Collections.unmodifiableMap(metadata), dataStart);
    }

    private void once(boolean seen, String name) {
        if (seen) {
            throw wrong("the name '" + name + "' stands there twice");
        }
    }

    /** The members of one tensor's object, as they come. */
    private static final class Members {
        String dtype;
        long[] shape;
        long[] offsets;
    }

    private SafeTensorsHeader.Placement info(String name) {
        Members members = new Members();
        object(key -> {
            switch (key) {
                case "dtype" -> {
                    once(members.dtype != null, key);
                    members.dtype = string();
                }
                case "shape" -> {
                    once(members.shape != null, key);
                    members.shape = integers();
                }
                case "data_offsets" -> {
                    once(members.offsets != null, key);
                    members.offsets = integers();
                }
                default -> throw wrong("'" + key + "', expected dtype, shape or data_offsets");
            }
        });
        if (members.dtype == null || members.shape == null || members.offsets == null) {
            throw wrong("tensor " + name + ": expected dtype, shape and data_offsets");
        }
        return checked(name, members);
    }

    private SafeTensorsHeader.Placement checked(String name, Members members) {
        StorageType type = Arrays.stream(StorageType.values())
                .filter(known -> known.name().equals(members.dtype))
                .findFirst()
                .orElseThrow(() -> new FileFormatException(file, "tensor " + name + ": type " + members.dtype
                        + ", expected one of " + Arrays.toString(StorageType.values())));
        boolean empty = Arrays.stream(members.shape).anyMatch(length -> length == 0);
        long bytes = empty ? 0 : type.bytes();
        int[] dims = new int[members.shape.length];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = (int) members.shape[i];
            if (dims[i] != members.shape[i] || Math.multiplyHigh(bytes, dims[i]) != 0 || bytes * dims[i] < 0) {
                throw new FileFormatException(file, "tensor " + name + ": shape " + Arrays.toString(members.shape)
                        + " is too large; lengths go up to " + Integer.MAX_VALUE);
            }
            bytes *= dims[i];
        }
        if (members.offsets.length != 2 || members.offsets[0] > members.offsets[1]) {
            throw new FileFormatException(file, "tensor " + name + ": data_offsets " + Arrays.toString(members.offsets)
                    + ", expected [first, behind last]");
        }
        long from = members.offsets[0];
        long to = members.offsets[1];
        if (to - from != bytes) {
            throw new FileFormatException(file, "tensor " + name + ": " + (to - from) + " bytes, expected " + bytes
                    + " for shape " + Arrays.toString(dims) + " of type " + type);
        }
        return new SafeTensorsHeader.Placement(type, Shape.of(dims), from, to);
    }

    // ---- JSON

    /** What to do with a member of an object: reads its value. */
    @FunctionalInterface
    private interface Member {
        void read(String name);
    }

    private void object(Member member) {
        expect('{');
        if (skipped('}')) {
            return;
        }
        do {
            String name = string();
            expect(':');
            member.read(name);
        } while (skipped(','));
        expect('}');
    }

    private long[] integers() {
        expect('[');
        if (skipped(']')) {
            return new long[0];
        }
        long[] values = new long[MOST_AXES];
        int count = 0;
        do {
            if (count == MOST_AXES) {
                throw wrong("more than " + MOST_AXES + " numbers in a list");
            }
            values[count++] = integer();
        } while (skipped(','));
        expect(']');
        return Arrays.copyOf(values, count);
    }

    private long integer() {
        skipSpace();
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        int digits = at - start;
        boolean fraction = at < text.length() && "+-.eE".indexOf(text.charAt(at)) >= 0;
        if (digits == 0 || fraction || (digits > 1 && text.charAt(start) == '0')) {
            throw wrong("expected an integer that is not negative");
        }
        if (digits > 18) {
            throw wrong("an integer of " + digits + " digits, expected at most 18");
        }
        return Long.parseLong(text, start, at, 10);
    }

    private String string() {
        expect('"');
        int start = at;
        StringBuilder unescaped = null;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '"') {
                return unescaped == null ? text.substring(start, at - 1) : checkedText(unescaped);
            }
            if (c < ' ') {
                at--;
                throw wrong("a control character in a string");
            }
            if (c == '\\') {
                if (unescaped == null) {
                    unescaped = new StringBuilder(text.substring(start, at - 1));
                }
                unescaped.append(escaped());
            } else if (unescaped != null) {
                unescaped.append(c);
            }
        }
        throw wrong("a string without end");
    }

    private char escaped() {
        char c = at < text.length() ? text.charAt(at++) : ' ';
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> hexadecimal();
            default -> throw wrong("an unknown escape in a string");
        };
    }

    private char hexadecimal() {
        int code = 0;
        for (int i = 0; i < 4; i++) {
            char c = at < text.length() ? text.charAt(at) : ' ';
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw wrong("expected four hexadecimal digits");
            }
            code = code * 16 + digit;
            at++;
        }
        return (char) code;
    }

    private String checkedText(StringBuilder unescaped) {
        for (int i = 0; i < unescaped.length();) {
            int code = unescaped.codePointAt(i);
            if (code >= Character.MIN_SURROGATE && code <= Character.MAX_SURROGATE) {
                throw wrong("half a surrogate pair in a string");
            }
            i += Character.charCount(code);
        }
        return unescaped.toString();
    }

    private void expect(char c) {
        if (!skipped(c)) {
            throw wrong("expected '" + c + "'");
        }
    }

    private boolean skipped(char c) {
        skipSpace();
        if (at < text.length() && text.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private FileFormatException wrong(String problem) {
        return new FileFormatException(
                file, "header: " + problem + " (at character " + at + " of " + text.length() + ")");
    }
}
