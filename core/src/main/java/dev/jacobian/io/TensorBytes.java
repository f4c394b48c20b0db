package dev.jacobian.io;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/** Moves elements between files and devices, part by part, so that no copy of a whole tensor is made. */
final class TensorBytes {
    private static final int PART = 1 << 18;

    private TensorBytes() {}

    /** Fills a dense tensor from little-endian bytes. */
    static void read(Path file, String name, ReadableByteChannel channel, StorageType type, Tensor target)
            throws IOException {
        long count = target.size();
        ByteBuffer bytes = buffer(type, count);
        for (long done = 0; done < count;) {
            int n = (int) Math.min(PART, count - done);
            bytes.clear().limit(n * type.bytes());
            while (bytes.hasRemaining()) {
                if (channel.read(bytes) < 0) {
                    throw new FileFormatException(file, "tensor " + name + ": the file ended while it was being read");
                }
            }
            MemorySegment elements = decode(file, name, type, bytes.flip(), n);
            long offset = (target.view().offset() + done) * target.dtype().bytes();
            target.device().backend().upload(elements, target.view().buffer(), offset);
            done += n;
        }
    }

    private static ByteBuffer buffer(StorageType type, long count) {
        return ByteBuffer.allocate((int) Math.min(PART, count) * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static MemorySegment decode(Path file, String name, StorageType type, ByteBuffer bytes, int n) {
        return switch (type) {
            case F64 -> {
                double[] values = new double[n];
                bytes.asDoubleBuffer().get(values);
                yield MemorySegment.ofArray(values);
            }
            case F32, F16, BF16 -> MemorySegment.ofArray(floats(type, bytes, n));
            case I64, I32, I16, I8, U8 -> MemorySegment.ofArray(ints(file, name, type, bytes, n));
            case BOOL -> {
                byte[] values = new byte[n];
                bytes.get(values);
                for (byte value : values) {
                    if (value != 0 && value != 1) {
                        throw new FileFormatException(file,
                                "tensor " + name + ": byte " + value + " in a tensor of type BOOL, expected 0 or 1");
                    }
                }
                yield MemorySegment.ofArray(values);
            }
        };
    }

    private static float[] floats(StorageType type, ByteBuffer bytes, int n) {
        float[] values = new float[n];
        if (type == StorageType.F32) {
            bytes.asFloatBuffer().get(values);
            return values;
        }
        for (int i = 0; i < n; i++) {
            short half = bytes.getShort(2 * i);
            values[i] = type == StorageType.F16 ? Float.float16ToFloat(half) : Float.intBitsToFloat(half << 16);
        }
        return values;
    }

    private static int[] ints(Path file, String name, StorageType type, ByteBuffer bytes, int n) {
        int[] values = new int[n];
        if (type == StorageType.I32) {
            bytes.asIntBuffer().get(values);
            return values;
        }
        for (int i = 0; i < n; i++) {
            long value = switch (type) {
                case I64 -> bytes.getLong(8 * i);
                case I16 -> bytes.getShort(2 * i);
                case I8 -> bytes.get(i);
                case U8 -> Byte.toUnsignedInt(bytes.get(i));
                case F64, F32, F16, BF16, I32, BOOL -> throw new AssertionError(type);
            };
            values[i] = (int) value;
            if (values[i] != value) {
                throw new FileFormatException(file, "tensor " + name + ": integer " + value
                        + " does not fit into int32, as which " + type + " is read");
            }
        }
        return values;
    }

    /** Writes a tensor's elements as little-endian bytes. */
    static void write(SafeTensors.Entry entry, WritableByteChannel channel) throws IOException {
        try (var _ = MemoryScope.open("of a save"); var _ = Autograd.noGrad()) {
            Tensor dense = entry.tensor().detach().contiguous();
            long count = dense.size();
            ByteBuffer bytes = buffer(entry.type(), count);
            for (long done = 0; done < count;) {
                int n = (int) Math.min(PART, count - done);
                bytes.clear().limit(n * entry.type().bytes());
                encode(dense, done, n, entry.type(), bytes);
                SafeTensors.writeAll(channel, bytes.position(0));
                done += n;
            }
        }
    }

    private static void encode(Tensor dense, long from, int n, StorageType type, ByteBuffer bytes) {
        switch (dense.dtype()) {
            case FLOAT32 -> {
                float[] values = new float[n];
                download(dense, from, MemorySegment.ofArray(values));
                bytes.asFloatBuffer().put(values);
            }
            case FLOAT64 -> {
                double[] values = new double[n];
                download(dense, from, MemorySegment.ofArray(values));
                bytes.asDoubleBuffer().put(values);
            }
            case INT32 -> {
                int[] values = new int[n];
                download(dense, from, MemorySegment.ofArray(values));
                if (type == StorageType.I64) {
                    for (int value : values) {
                        bytes.putLong(value);
                    }
                } else {
                    bytes.asIntBuffer().put(values);
                }
            }
            case BOOL -> {
                byte[] values = new byte[n];
                download(dense, from, MemorySegment.ofArray(values));
                bytes.put(values);
            }
        }
    }

    private static void download(Tensor dense, long from, MemorySegment target) {
        long offset = (dense.view().offset() + from) * dense.dtype().bytes();
        dense.device().backend().download(dense.view().buffer(), offset, target);
    }
}
