package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.backend.AdamKernel;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.DeviceBuffer;
import dev.jacobian.backend.SgdKernel;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A step over many parameters gives the bits of a step for each of them, however many launches and chunks it takes. */
@Tag("software-device")
final class CudaOptimizersTest {
    /** Around chunks and fours; some empty. */
    private static final int[] SIZES = {3, 0, 4096, 1, 4097, 12_300, 5, 4095};

    private final List<DeviceBuffer> opened = new ArrayList<>();

    @AfterEach
    void free() {
        opened.forEach(Cuda.device().backend()::free);
    }

    /** Parameters with their gradients and states. */
    private record Parameters(List<View> p, List<View> g, List<View> m, List<View> v) {
        static Parameters empty() {
            return new Parameters(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        }

        Parameters only(int i) {
            return new Parameters(List.of(p.get(i)), List.of(g.get(i)), List.of(m.get(i)), List.of(v.get(i)));
        }

        List<View> all() {
            List<View> all = new ArrayList<>(p);
            all.addAll(m);
            all.addAll(v);
            return all;
        }
    }

    /** Positive numbers, the same for the same seed. */
    private View view(long seed, int size, int offset) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[size + offset];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(0.25, 2);
        }
        Backend card = Cuda.device().backend();
        DeviceBuffer buffer = card.allocate(Math.max(1, values.length) * (long) Float.BYTES);
        opened.add(buffer);
        card.upload(MemorySegment.ofArray(values), buffer, 0);
        return new View(buffer, DType.FLOAT32, Shape.of(size), new long[] {1}, offset);
    }

    private Parameters parameters(int count) {
        Parameters parameters = Parameters.empty();
        for (int i = 0; i < count; i++) {
            int size = SIZES[i % SIZES.length];
            parameters.p.add(view(4L * i, size, i % 3 == 2 ? 1 : 0));
            parameters.g.add(view(4L * i + 1, size, 0));
            parameters.m.add(view(4L * i + 2, size, 0));
            parameters.v.add(view(4L * i + 3, size, i % 5 == 4 ? 2 : 0));
        }
        return parameters;
    }

    private static float[] floats(View view) {
        float[] floats = new float[(int) view.size()];
        Cuda.device().backend().download(view.buffer(), view.offset() * Float.BYTES, MemorySegment.ofArray(floats));
        return floats;
    }

    private static void step(Parameters of, View scalars) {
        SgdKernel sgd = (SgdKernel) Cuda.device().backend();
        AdamKernel adam = (AdamKernel) Cuda.device().backend();
        sgd.sgd(of.p, of.g, List.of(), 0, 0.5, false, scalars);
        sgd.sgd(of.p, of.g, of.m, 0.75, 0.5, false, scalars);
        sgd.sgd(of.p, of.g, of.m, 0.75, 0.5, true, scalars);
        adam.adam(of.p, of.g, of.m, of.v, 0.5, 0.75, 1e-3, 0.25, true, scalars);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 79, 80, 81, 165})
    void stepsManyAtOnce(int count) {
        View scalars = view(-1, 4, 0);
        Parameters together = parameters(count);
        Parameters apart = parameters(count);
        List<float[]> before = together.all().stream().map(CudaOptimizersTest::floats).toList();
        step(together, scalars);
        for (int i = 0; i < count; i++) {
            step(apart.only(i), scalars);
        }
        for (int i = 0; i < before.size(); i++) {
            float[] now = floats(together.all().get(i));
            assertThat(now).as("tensor %d of %d", i, count).isEqualTo(floats(apart.all().get(i)));
            for (int j = 0; j < now.length; j++) {
                assertThat(now[j]).as("tensor %d, element %d", i, j).isFinite().isNotEqualTo(before.get(i)[j]);
            }
        }
    }
}
