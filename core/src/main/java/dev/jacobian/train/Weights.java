package dev.jacobian.train;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Layer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.IdentityHashMap;

/** The parameters and buffers of a model at one moment, on the Java heap: the device's memory is for training. */
final class Weights {
    private final IdentityHashMap<Param, Object> arrays = new IdentityHashMap<>();

    private Weights() {}

    static Weights of(Layer model) {
        Weights weights = new Weights();
        for (Param param : model.stateDict().values()) {
            weights.arrays.computeIfAbsent(param, Weights::toArray);
        }
        return weights;
    }

    private static Object toArray(Param param) {
        return switch (param.dtype()) {
            case FLOAT32 -> param.toArray();
            case FLOAT64 -> param.toDoubleArray();
            case INT32 -> param.toIntArray();
            case BOOL -> param.toBooleanArray();
        };
    }

    /** Whether no weight is NaN or infinite. */
    static boolean areFinite(Layer model) {
        return model.stateDict().values().stream().allMatch(Autograd::isFinite);
    }

    void restore() {
        try (var _ = Autograd.noGrad()) {
            arrays.forEach((param, values) -> {
                try (var _ = MemoryScope.open("of restored weights"); var _ = param.device().use()) {
                    param.set(toTensor(param.dtype(), values).reshape(param.shape()));
                }
            });
        }
    }

    private static Tensor toTensor(DType dtype, Object values) {
        return switch (dtype) {
            case FLOAT32 -> Tensor.of((float[]) values);
            case FLOAT64 -> Tensor.of((double[]) values);
            case INT32 -> Tensor.of((int[]) values);
            case BOOL -> Tensor.of((boolean[]) values);
        };
    }
}
