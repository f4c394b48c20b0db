package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Checkpoint;
import dev.jacobian.nn.Conv2d;
import dev.jacobian.nn.Dropout;
import dev.jacobian.nn.GELU;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.MaxPool2d;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Residual;
import dev.jacobian.nn.Sequential;
import dev.jacobian.nn.SiLU;
import dev.jacobian.nn.TransformerBlock;
import dev.jacobian.optim.Sgd;
import dev.jacobian.tensor.Rng;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The kernels compute the same bits when a block is computed again. */
class RecomputationTest {
    @AfterEach
    void seed() {
        Rng.seed(0);
    }

    private static Map<String, double[]> trained(Layer model, DType dtype, int... input) {
        model.to(dtype);
        var optimizer = new Sgd(model.parameters(), 0.05);
        for (int step = 0; step < 2; step++) {
            try (var _ = MemoryScope.open("of a step")) {
                model.call(Rng.normal(input).to(dtype)).square().mean().backward();
                optimizer.step();
            }
        }
        Map<String, double[]> state = new LinkedHashMap<>();
        model.stateDict().forEach((name, param) -> state.put(name, param.toDoubleArray()));
        return state;
    }

    private static void check(Function<UnaryOperator<Layer>, Layer> model, DType dtype, int... input) {
        for (int threads : new int[] {1, 2}) {
            try (var _ = Device.of(Tensors.backend(threads)).use()) {
                Rng.seed(21);
                Map<String, double[]> kept = trained(model.apply(layer -> layer), dtype, input);
                Rng.seed(21);
                Map<String, double[]> again = trained(model.apply(Checkpoint::of), dtype, input);
                assertThat(again.keySet()).isEqualTo(kept.keySet());
                kept.forEach((name, values) -> assertThat(again.get(name)).as(name).containsExactly(values));
            }
        }
    }

    @Test
    void ofAPerceptron() {
        for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT64}) {
            check(block -> new Sequential(new Linear(67, 130),
                    block.apply(new Sequential(new GELU(), new Dropout(0.3), new Linear(130, 65))),
                    block.apply(new Sequential(new SiLU(), new Linear(65, 129), new BatchNorm(129), new ReLU())),
                    block.apply(new Linear(129, 7)), new ReLU()), dtype, 33, 67);
        }
    }

    @Test
    void ofAResidualNetwork() {
        check(block -> new Sequential(new Conv2d(3, 8, 3).padding(1), block.apply(new Residual(new Sequential(
                new Conv2d(8, 16, 3).stride(2).padding(1), new BatchNorm(16), new ReLU(),
                new Conv2d(16, 16, 3).padding(1), new BatchNorm(16)))
                .shortcut(new Sequential(new Conv2d(8, 16, 1).stride(2), new BatchNorm(16))).activation(new ReLU())),
                block.apply(new MaxPool2d(2))), DType.FLOAT32, 3, 3, 13, 13);
    }

    @Test
    void ofATransformer() {
        check(block -> new Sequential(block.apply(new TransformerBlock(24, 3, true)),
                block.apply(new TransformerBlock(24, 2))), DType.FLOAT32, 2, 17, 24);
    }
}
