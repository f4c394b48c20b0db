package dev.jacobian.data;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;

/** Images as bytes, a quarter of the memory of float32, that become normalised tensors as they are fetched. */
final class ImageSplit implements Dataset {
    private final Images images;
    private final int area;
    private final float[] normalised = new float[256];
    /** An array of the last batch, for reuse: half a megabyte of garbage a batch would wake the collector often. */
    private final AtomicReference<float[]> spare = new AtomicReference<>(new float[0]);

    ImageSplit(Images images, double mean, double deviation) {
        this.images = images;
        this.area = images.height() * images.width();
        for (int value = 0; value < normalised.length; value++) {
            normalised[value] = (value / 255f - (float) mean) / (float) deviation;
        }
    }

    @Override
    public int size() {
        return images.count();
    }

    @Override
    public Batch batch(int... indices) {
        DataLoader.checkIndices(indices, size());
        return new Batch(inputs(indices), targets(indices));
    }

    private Tensor inputs(int[] indices) {
        Tensor inputs = Tensor.empty(
                Device.current(), DType.FLOAT32, Shape.of(indices.length, 1, images.height(), images.width()));
        int length = Math.multiplyExact(indices.length, area);
        if (length == 0) {
            return inputs;
        }
        float[] before = spare.getAndSet(null);
        float[] values = before != null && before.length >= length ? before : new float[length];
        byte[] pixels = images.pixels();
        int at = 0;
        for (int index : indices) {
            int first = index * area;
            for (int i = first; i < first + area; i++) {
                values[at++] = normalised[pixels[i] & 0xFF];
            }
        }
        MemorySegment bytes = MemorySegment.ofArray(values).asSlice(0, (long) length * Float.BYTES);
        inputs.device().backend().upload(bytes, inputs.view().buffer(), 0);
        spare.set(values);
        return inputs;
    }

    private Tensor targets(int[] indices) {
        int[] labels = new int[indices.length];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = images.labels()[indices[i]] & 0xFF;
        }
        return Tensor.of(labels);
    }
}
