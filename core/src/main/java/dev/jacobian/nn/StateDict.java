package dev.jacobian.nn;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.io.SafeTensors;
import dev.jacobian.io.StorageType;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Loads and saves the state of layers. */
final class StateDict {
    private StateDict() {}

    static LoadReport load(Layer layer, Path file, boolean strict) {
        try (var _ = MemoryScope.open("of a load")) {
            return load(layer, SafeTensors.load(file), strict, "load " + file);
        }
    }

    static LoadReport load(Layer layer, Map<String, ? extends Tensor> state, boolean strict, String operation) {
        Map<String, Param> own = layer.stateDict();
        LoadReport report = compare(own, state);
        if (strict && !report.isComplete()) {
            throw new IllegalArgumentException(operation + ": does not fit " + layer.typeName()
                    + "; missing " + report.missing() + "; unexpected " + report.unexpected() + "; mismatched "
                    + report.mismatched() + "; nothing was changed; load with strict = false to take what fits");
        }
        report.loaded().forEach(name -> state.get(name).view()); // throws for closed tensors before anything changes
        try (var _ = Autograd.noGrad(); var _ = MemoryScope.open("of a load")) {
            report.loaded().forEach(name -> own.get(name).set(state.get(name)));
        }
        return report;
    }

    private static LoadReport compare(Map<String, Param> own, Map<String, ? extends Tensor> state) {
        List<String> loaded = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        List<LoadReport.Mismatch> mismatched = new ArrayList<>();
        own.forEach((name, param) -> {
            Tensor values = state.get(name);
            if (values == null) {
                missing.add(name);
            } else if (values.shape().equals(param.shape())) {
                loaded.add(name);
            } else {
                mismatched.add(new LoadReport.Mismatch(name, values.shape(), param.shape()));
            }
        });
        List<String> unexpected = new ArrayList<>(state.keySet());
        unexpected.removeAll(own.keySet());
        return new LoadReport(loaded, missing, unexpected, mismatched);
    }

    /** PyTorch's integer buffers are int64, so ours are written as that. */
    static void save(Layer layer, Path file) {
        Map<String, SafeTensors.Entry> entries = new LinkedHashMap<>();
        layer.stateDict().forEach((name, param) -> entries.put(name, new SafeTensors.Entry(param,
                param.dtype() == DType.INT32 ? StorageType.I64 : StorageType.of(param.dtype()))));
        SafeTensors.save(file, entries, Map.of("format", "pt"));
    }
}
