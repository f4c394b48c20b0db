package dev.jacobian.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes safetensors files by hand, right and wrong ones. */
final class SafeTensorsSample {
    private SafeTensorsSample() {}

    static Path write(Path folder, String header, byte... data) throws IOException {
        return write(folder, header.getBytes(StandardCharsets.UTF_8), data);
    }

    static Path write(Path folder, byte[] header, byte... data) throws IOException {
        return write(folder, header.length, header, data);
    }

    static Path write(Path folder, long length, byte[] header, byte... data) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(length).put(header).put(data);
        return Files.write(folder.resolve("sample.safetensors"), bytes.array());
    }

    /** One tensor named a. */
    static Path one(Path folder, String dtype, String shape, byte... data) throws IOException {
        return write(folder, "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[0,"
                + data.length + "]}}", data);
    }

    static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
