package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.DeviceBuffer;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import dev.jacobian.testing.ReferenceBackend;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The same view of the same numbers on a card and on the reference. Strides and offset are free, unlike those of
 * tensors.
 */
final class Twin implements AutoCloseable {
    static final Backend REFERENCE = new ReferenceBackend();
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private final Backend card;
    private final DType dtype;
    private final int elements;
    private final DeviceBuffer onCard;
    private final DeviceBuffer onReference;
    final View view;
    final View want;

    private Twin(DType dtype, Shape shape, long[] strides, long offset, SplittableRandom random) {
        this.card = Cuda.device().backend();
        this.dtype = dtype;
        long last = offset;
        for (int i = 0; i < strides.length; i++) {
            last += Math.max(0, shape.dim(i) - 1) * strides[i];
        }
        elements = (int) last + 3;
        byte[] bytes = content(dtype, elements, random);
        onCard = card.allocate(bytes.length);
        onReference = REFERENCE.allocate(bytes.length);
        card.upload(MemorySegment.ofArray(bytes), onCard, 0);
        REFERENCE.upload(MemorySegment.ofArray(bytes), onReference, 0);
        view = new View(onCard, dtype, shape, strides, offset);
        want = new View(onReference, dtype, shape, strides, offset);
    }

    /** Random numbers: −2..2, −20..20 or bits. */
    static Twin of(SplittableRandom random, DType dtype, int[] dims, long[] strides, long offset) {
        return new Twin(dtype, Shape.of(dims), strides, offset, random);
    }

    /** Axes that lie in memory in the given order, outermost first, with gaps between the rows of the innermost. */
    static Twin permuted(SplittableRandom random, DType dtype, int[] dims, int[] order, int gap, long offset) {
        long[] strides = new long[dims.length];
        long step = 1;
        for (int i = order.length - 1; i >= 0; i--) {
            strides[order[i]] = step;
            step = step * dims[order[i]] + (i == order.length - 1 ? gap : 0);
        }
        return of(random, dtype, dims, strides, offset);
    }

    static Twin dense(SplittableRandom random, DType dtype, int... dims) {
        return of(random, dtype, dims, Shape.of(dims).strides(), 0);
    }

    private static byte[] content(DType dtype, int elements, SplittableRandom random) {
        byte[] bytes = new byte[elements * dtype.bytes()];
        MemorySegment content = MemorySegment.ofArray(bytes);
        for (int i = 0; i < elements; i++) {
            switch (dtype) {
                case FLOAT32 -> content.setAtIndex(FLOAT, i, (float) random.nextDouble(-2, 2));
                case INT32 -> content.setAtIndex(INT, i, random.nextInt(-20, 21));
                case BOOL -> bytes[i] = (byte) random.nextInt(2);
                case FLOAT64 -> throw new IllegalArgumentException("no card computes in float64");
            }
        }
        return bytes;
    }

    /** Both buffers hold the same bits, also around the view. */
    void assertSame(String what, Object... arguments) {
        assertThat(bytes(card, onCard)).as("%s %s", what, Arrays.deepToString(arguments))
                .isEqualTo(bytes(REFERENCE, onReference));
    }

    private byte[] bytes(Backend backend, DeviceBuffer buffer) {
        byte[] bytes = new byte[elements * dtype.bytes()];
        backend.download(buffer, 0, MemorySegment.ofArray(bytes));
        return bytes;
    }

    /** What the card's buffer holds from its start on. */
    float[] floats() {
        float[] floats = new float[elements];
        card.download(onCard, 0, MemorySegment.ofArray(floats));
        return floats;
    }

    /** What the reference's buffer holds from its start on. */
    float[] wanted() {
        float[] floats = new float[elements];
        REFERENCE.download(onReference, 0, MemorySegment.ofArray(floats));
        return floats;
    }

    @Override
    public void close() {
        card.free(onCard);
        REFERENCE.free(onReference);
    }
}
