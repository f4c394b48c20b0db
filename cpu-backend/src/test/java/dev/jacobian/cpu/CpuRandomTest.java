package dev.jacobian.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.Philox;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuRandomTest {
    private static final RandomKey KEY = new RandomKey(0x8765432112345678L, 0xFEDCBA9889ABCDEFL, Tensors.ints(-5));

    private final CpuBackend backend = Tensors.backend(2);

    private static int word(int element) {
        int[] words = new int[4];
        Philox.block(KEY.seed(), KEY.stream(), -5, element / 4, words);
        return words[element % 4];
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 64, 65, 1023, 1024, 1025, 100_003})
    void fillsAreTheWordsOfTheKey(int n) {
        View uniform = Tensors.empty(DType.FLOAT32, Shape.of(n));
        View normal = Tensors.empty(DType.FLOAT64, Shape.of(n));
        backend.random(Distribution.UNIFORM, KEY, uniform);
        backend.random(Distribution.NORMAL, KEY, normal);
        double[] uniforms = Tensors.values(uniform);
        double[] normals = Tensors.values(normal);
        for (int i = 0; i < n; i++) {
            assertThat(uniforms[i]).isEqualTo(Philox.uniform(word(i)));
            assertThat(normals[i]).isEqualTo(Philox.normal(word(i)));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.1, 0.5, 0.999})
    void dropoutKeepsWhatItsDefinitionKeeps(double p) {
        View dense = Tensors.random(1, 150, 300);
        for (View x : new View[] {dense, Tensors.transposed(dense)}) {
            View y = Tensors.empty(DType.FLOAT32, x.shape());
            backend.dropout(x, p, KEY, y);
            double[] in = Tensors.values(x);
            double[] out = Tensors.values(y);
            for (int i = 0; i < in.length; i++) {
                boolean kept = Philox.uniform(word(i)) >= (float) p;
                assertThat(out[i]).isEqualTo(kept ? (float) in[i] / (1 - (float) p) : 0);
            }
        }
    }

    @Test
    void infinitiesThatAreDroppedAreZero() {
        double[] values = new double[100];
        Arrays.fill(values, Double.POSITIVE_INFINITY);
        View y = Tensors.empty(DType.FLOAT32, Shape.of(100));
        backend.dropout(Tensors.floats(Shape.of(100), values), 0.5, KEY, y);
        assertThat(Tensors.values(y)).containsOnly(0, Double.POSITIVE_INFINITY);
    }
}
