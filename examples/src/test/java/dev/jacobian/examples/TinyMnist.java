package dev.jacobian.examples;

import dev.jacobian.data.Images;
import dev.jacobian.data.SyntheticDigits;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The four files of MNIST, with a few digits that the library draws. */
final class TinyMnist {

    private TinyMnist() {}

    static Path write(Path folder, int train, int test) throws IOException {
        Files.createDirectories(folder);
        write(folder, "train", SyntheticDigits.generate(7, 0, train));
        write(folder, "t10k", SyntheticDigits.generate(7, train, test));
        return folder;
    }

    private static void write(Path folder, String part, Images images) throws IOException {
        write(folder.resolve(part + "-images-idx3-ubyte"), images.pixels(), 0x803, images.count(), 28, 28);
        write(folder.resolve(part + "-labels-idx1-ubyte"), images.labels(), 0x801, images.count());
    }

    private static void write(Path file, byte[] data, int... header) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        for (int word : header) {
            out.writeInt(word);
        }
        out.write(data);
        Files.write(file, bytes.toByteArray());
    }
}
