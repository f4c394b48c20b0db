package dev.jacobian.train;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Layer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.IdentityHashMap;
import java.util.Map;

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

    /** Other weights of a model, by the names of its state, of which those that it has not are left out. */
    static Weights of(Layer model, Map<String, Tensor> values) {
        Weights weights = new Weights();
        model.stateDict().forEach((name, param) -> {
            if (values.containsKey(name)) {
                weights.arrays.put(param, toArray(values.get(name).to(param.dtype())));
            }
        });
        return weights;
    }

    private static Object toArray(Tensor values) {
        return switch (values.dtype()) {
            case FLOAT32 -> values.toArray();
            case FLOAT64 -> values.toDoubleArray();
            case INT32 -> values.toIntArray();
            case BOOL -> values.toBooleanArray();
        };
    }

    /** Whether no weight is NaN or infinite. */
    static boolean areFinite(Layer model) {
        return model.stateDict().values().stream().allMatch(Autograd::isFinite);
    }

    void restore() {
        try (var _ = Autograd.noGrad()) {
            for (Param param : arrays.keySet()) {
                try (var _ = MemoryScope.open("of restored weights")) {
                    param.set(tensor(param));
                }
            }
        }
    }

    /** The values of one parameter, on its device. */
    Tensor tensor(Param param) {
        try (var _ = param.device().use()) {
            return toTensor(param.dtype(), arrays.get(param)).reshape(param.shape());
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
