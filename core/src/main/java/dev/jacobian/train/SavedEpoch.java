package dev.jacobian.train;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DType;
import dev.jacobian.io.FileFormatException;
import dev.jacobian.io.SafeTensors;
import dev.jacobian.io.StorageType;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Layer;
import dev.jacobian.optim.Optimizer;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The end of an epoch, for training to go on from. In its file, a safetensors one, tensors are {@code model.NAME},
 * {@code optimizer.state.i.NAME}, and {@code best.NAME} where early stopping keeps the best weights; all else stands in
 * the metadata. Numbers are written so that they are read as the same bits.
 *
 * @param epoch how many epochs were trained
 * @param lr the learning rate of the next step
 * @param random the state of the random numbers
 * @param history what was measured, by key
 * @param best the weights of the best epoch; null where they are not kept
 */
record SavedEpoch(int epoch, double lr, Rng.State random, Map<String, List<Double>> history, Weights best) {
    private static final String MODEL = "model.";
    private static final String OPTIMIZER = "optimizer.";
    private static final String BEST = "best.";
    private static final String HISTORY = "history.";
    private static final String CALLS = "random.calls.";

    /** Writes a file at once: until it is complete, the one of the epoch before stays. */
    void write(Path file, Layer model, Optimizer optimizer) {
        try (var _ = Autograd.noGrad(); var _ = MemoryScope.open("of a checkpoint")) {
            Map<String, SafeTensors.Entry> entries = new LinkedHashMap<>();
            model.stateDict().forEach((name, param) -> {
                entries.put(MODEL + name, entry(param));
                if (best != null) {
                    entries.put(BEST + name, entry(best.tensor(param)));
                }
            });
            optimizer.stateDict().forEach((name, tensor) -> entries.put(OPTIMIZER + name, entry(tensor)));
            SafeTensors.save(file, entries, metadata());
        }
    }

    /** As layers are saved: PyTorch's integers are int64. */
    private static SafeTensors.Entry entry(Tensor tensor) {
        return new SafeTensors.Entry(tensor,
                tensor.dtype() == DType.INT32 ? StorageType.I64 : StorageType.of(tensor.dtype()));
    }

    private Map<String, String> metadata() {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("format", "pt");
        texts.put("epoch", Integer.toString(epoch));
        texts.put("lr", Double.toString(lr));
        texts.put("random.seed", Long.toString(random.seed()));
        texts.put("random.step", Integer.toString(random.step()));
        random.calls().forEach((purpose, count) -> texts.put(CALLS + purpose, Long.toString(count)));
        history.forEach((key, values) -> texts.put(HISTORY + key,
                values.stream().map(value -> Double.toString(value)).collect(Collectors.joining(" "))));
        return texts;
    }

    /**
     * Reads a file, and gives the model and the optimiser what stands in it.
     *
     * @throws FileFormatException if it is not a checkpoint
     * @throws IllegalArgumentException if it is one of another model or optimiser
     */
    static SavedEpoch load(Path file, Layer model, Optimizer optimizer) {
        Map<String, String> texts = SafeTensors.metadata(file);
        try (var _ = Autograd.noGrad(); var _ = MemoryScope.open("of a checkpoint")) {
            Map<String, Tensor> tensors = SafeTensors.load(file);
            Map<String, Tensor> best = under(BEST, tensors);
            SavedEpoch saved = new SavedEpoch(number(file, texts, "epoch", Integer::valueOf),
                    number(file, texts, "lr", Double::valueOf),
                    new Rng.State(number(file, texts, "random.seed", Long::valueOf),
                            number(file, texts, "random.step", Integer::valueOf), calls(file, texts)),
                    history(file, texts), best.isEmpty() ? null : Weights.of(model, best));
            model.loadStateDict(under(MODEL, tensors), true);
            optimizer.loadStateDict(under(OPTIMIZER, tensors));
            return saved;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("resume from " + file + ": " + e.getMessage(), e);
        }
    }

    private static <V> Map<String, V> under(String prefix, Map<String, V> all) {
        Map<String, V> found = new LinkedHashMap<>();
        all.forEach((name, value) -> {
            if (name.startsWith(prefix)) {
                found.put(name.substring(prefix.length()), value);
            }
        });
        return found;
    }

    private static <N extends Number> N number(
            Path file, Map<String, String> texts, String name, Function<String, N> parse) {
        String text = texts.get(name);
        if (text == null) {
            throw new FileFormatException(file, "its metadata has no '" + name + "', expected a checkpoint, as"
                    + " Trainer.checkpoint writes; weights alone are for Layer.load");
        }
        try {
            return parse.apply(text);
        } catch (NumberFormatException _) {
            throw new FileFormatException(file,
                    "its metadata has '" + text + "' as '" + name + "', expected a number");
        }
    }

    private static Map<String, Long> calls(Path file, Map<String, String> texts) {
        Map<String, Long> calls = new LinkedHashMap<>();
        under(CALLS, texts).keySet()
                .forEach(purpose -> calls.put(purpose, number(file, texts, CALLS + purpose, Long::valueOf)));
        return calls;
    }

    private static Map<String, List<Double>> history(Path file, Map<String, String> texts) {
        Map<String, List<Double>> history = new LinkedHashMap<>();
        under(HISTORY, texts).forEach((key, text) -> history.put(key, Arrays.stream(text.split(" "))
                .map(value -> number(file, Map.of(HISTORY + key, value), HISTORY + key, Double::valueOf)).toList()));
        return history;
    }
}
