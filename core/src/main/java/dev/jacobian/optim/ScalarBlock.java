package dev.jacobian.optim;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * What changes from step to step, in one place of device memory that is written when it changes: a step that was
 * captured can be replayed.
 */
final class ScalarBlock {
    private final Tensor tensor;
    private double[] written;

    ScalarBlock(Device device, DType dtype, int length) {
        tensor = Tensor.empty(device, dtype, Shape.of(length));
        tensor.storage().moveTo(MemoryScope.root());
    }

    boolean fits(Device device, DType dtype) {
        return tensor.device() == device && tensor.dtype() == dtype;
    }

    /** The block, holding these values. */
    Tensor with(double[] values) {
        if (!Arrays.equals(values, written)) {
            tensor.device().backend().upload(bytes(values), tensor.view().buffer(), 0);
            written = values.clone();
        }
        return tensor;
    }

    private MemorySegment bytes(double[] values) {
        if (tensor.dtype() == DType.FLOAT64) {
            return MemorySegment.ofArray(values);
        }
        float[] narrow = new float[values.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (float) values[i];
        }
        return MemorySegment.ofArray(narrow);
    }
}
