package dev.jacobian.io;

import dev.jacobian.backend.Device;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Named tensors in files of the safetensors format, which PyTorch and others read and write: eight bytes that give the
 * header's length, the header in JSON, and the elements in row-major order, all little-endian.
 *
 * <p>Files are checked completely before anything is read from them. Integers are read as int32, 16-bit floating-point
 * numbers as float32; see {@link StorageType}.
 */
public final class SafeTensors {
    private SafeTensors() {}

    /**
     * A tensor, and the type of its elements in a file. Int32 tensors may be written as I64, the type of PyTorch's
     * integer buffers such as {@code num_batches_tracked}; {@code Layer.save} does so.
     *
     * @param tensor the tensor
     * @param type a type that holds every value of the tensor's type: F64, F32, I32 or BOOL for its own, I64 for int32
     */
    public record Entry(Tensor tensor, StorageType type) {
        /**
         * Checks the type.
         *
         * @throws IllegalArgumentException if the tensor cannot be written as that type
         */
        public Entry {
            if (!type.canHold(tensor.dtype())) {
                throw new IllegalArgumentException("safetensors: " + tensor.dtype() + " as " + type + ", expected "
                        + StorageType.of(tensor.dtype()) + (tensor.dtype() == StorageType.I64.dtype() ? " or I64" : "")
                        + "; convert with to(DType)");
            }
        }
    }

    /**
     * Reads all tensors of a file to the current device, but those of a type that it does not compute in, such as float64
     * on a GPU, to another one that does. An interrupt that came before does not hinder it, and stays
     * pending; one that comes meanwhile ends reading with an exception.
     *
     * @param file the file
     * @return by name, in the order of the header
     * @throws FileFormatException if the file is damaged, of another format, or holds a type or value that cannot be
     *         read
     * @throws UncheckedIOException if it cannot be read
     */
    public static Map<String, Tensor> load(Path file) {
        return open(file, channel -> {
            SafeTensorsHeader header = SafeTensorsHeader.read(file, channel);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Map.Entry<String, SafeTensorsHeader.Placement> entry : header.tensors().entrySet()) {
                SafeTensorsHeader.Placement info = entry.getValue();
                Tensor tensor = Tensor.empty(Device.supporting(info.type().dtype()), info.type().dtype(), info.shape());
                channel.position(header.dataStart() + info.from());
                TensorBytes.read(file, entry.getKey(), channel, info.type(), tensor);
                tensors.put(entry.getKey(), tensor);
            }
            return Collections.unmodifiableMap(tensors);
        });
    }

    /**
     * Reads what a file says about itself.
     *
     * @param file the file
     * @return texts by name, such as {@code format} with {@code pt} for PyTorch's layouts; empty for none
     * @throws FileFormatException if the file is damaged or of another format
     * @throws UncheckedIOException if it cannot be read
     */
    public static Map<String, String> metadata(Path file) {
        return open(file, channel -> SafeTensorsHeader.read(file, channel).metadata());
    }

    /**
     * Writes tensors to a file, which is replaced at once: if something goes wrong, the old one stays.
     *
     * @param file the file
     * @param tensors by name; int32 is written as I32
     * @throws UncheckedIOException if it cannot be written
     */
    public static void save(Path file, Map<String, ? extends Tensor> tensors) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> entries.put(name, new Entry(tensor, StorageType.of(tensor.dtype()))));
        save(file, entries, Map.of("format", "pt"));
    }

    /**
     * Writes tensors to a file, which is replaced at once: if something goes wrong, the old one stays.
     *
     * @param file the file
     * @param entries tensors and their types in the file, by name
     * @param metadata texts about the file, by name
     * @throws UncheckedIOException if it cannot be written
     */
    public static void save(Path file, Map<String, Entry> entries, Map<String, String> metadata) {
        List<String> order = new ArrayList<>(entries.keySet());
        // The widest types first, so that elements are aligned to their size; the sort is stable.
        order.sort(Comparator.comparingInt(name -> -entries.get(name).type().bytes()));
        byte[] header = SafeTensorsHeader.write(entries, order, metadata);
        AtomicFile.write(file, channel -> {
            ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            writeAll(channel, length.putLong(header.length).flip());
            writeAll(channel, ByteBuffer.wrap(header));
            for (String name : order) {
                TensorBytes.write(entries.get(name), channel);
            }
        });
    }

    static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @FunctionalInterface
    private interface Reading<R> {
        R read(FileChannel channel) throws IOException;
    }

    private static <R> R open(Path file, Reading<R> reading) {
        Objects.requireNonNull(file, "file");
        if (Files.notExists(file)) {
            throw new UncheckedIOException("safetensors: no file " + file + "; the working directory is "
                    + Path.of("").toAbsolutePath(), new NoSuchFileException(file.toString()));
        }
        boolean interrupted = Thread.interrupted(); // it would close the channel
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return reading.read(channel);
        } catch (IOException e) {
            throw new UncheckedIOException("safetensors: cannot read " + file + ": " + e.getMessage(), e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
