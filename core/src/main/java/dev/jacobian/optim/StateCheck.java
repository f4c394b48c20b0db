package dev.jacobian.optim;

import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Whether the state in a checkpoint is that of an optimiser, before anything is changed. */
final class StateCheck {
    /** How an entry of a parameter is called. */
    @FunctionalInterface
    interface Keys {
        String of(int index, String name);
    }

    private StateCheck() {}

    static void check(Map<String, Tensor> dict, List<Param> parameters, List<String> names, Keys keys) {
        Set<String> unexpected = new HashSet<>(dict.keySet());
        for (int i = 0; i < parameters.size(); i++) {
            String step = keys.of(i, "step");
            if (!dict.containsKey(step)) {
                continue;
            }
            unexpected.remove(step);
            if (dict.get(step).size() != 1) {
                throw new IllegalArgumentException("load state dict: got " + step + " of shape "
                        + dict.get(step).shape() + ", expected one number");
            }
            for (String name : names) {
                String key = keys.of(i, name);
                checkShape(key, dict.get(key), parameters.get(i));
                unexpected.remove(key);
            }
        }
        if (!unexpected.isEmpty()) {
            throw new IllegalArgumentException(
                    "load state dict: got unexpected " + unexpected.stream().sorted().toList()
                            + ", expected state." + "i.step and " + names + " for " + parameters.size()
                            + " parameters; was it another kind of optimizer?");
        }
    }

    private static void checkShape(String key, Tensor value, Param parameter) {
        if (value == null) {
            throw new IllegalArgumentException("load state dict: got no " + key + ", expected a tensor of shape "
                    + parameter.shape() + "; was it another kind of optimizer?");
        }
        if (!value.shape().equals(parameter.shape())) {
            throw new IllegalArgumentException("load state dict: got " + key + " of shape " + value.shape()
                    + ", expected " + parameter.shape() + " as parameter " + parameter.name());
        }
    }
}
