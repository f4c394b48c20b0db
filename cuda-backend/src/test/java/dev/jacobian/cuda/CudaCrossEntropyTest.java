package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.CrossEntropyKernel;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Labels out of range in the kernels themselves, of every length of row. */
@Tag("software-device")
final class CudaCrossEntropyTest {
    @ParameterizedTest
    @ValueSource(ints = {4, 33, 100, 1100})
    void reportsTheFirstLabelOutOfRange(int classes) {
        Device card = Cuda.device();
        CrossEntropyKernel kernel = card.backend().kernel(CrossEntropyKernel.class, DType.FLOAT32);
        try (var _ = MemoryScope.open("of labels"); var _ = card.use()) {
            int rows = 40;
            int[] labels = new int[rows];
            labels[17] = classes;
            labels[29] = Integer.MIN_VALUE;
            labels[31] = -7;
            Tensor target = Tensor.of(labels);
            Tensor logits = Tensor.full(0, rows, classes);
            Tensor sums = Tensor.full(0, rows);
            Tensor loss = Tensor.full(0, rows);
            Tensor dlogits = logits.emptyLike();
            kernel.crossEntropy(logits.view(), target.view(), -7, 0.1, sums.view(), loss.view());
            refuses(card, classes);
            kernel.crossEntropyBackward(logits.view(), target.view(), -7, 0.1, sums.view(), Tensor.full(1, rows).view(),
                    dlogits.view());
            refuses(card, classes);
            for (int row : new int[] {17, 29, 31}) {
                assertThat(dlogits.select(0, row).toArray()).as("row %d", row).containsOnly(0);
            }
            assertThat(loss.toArray()[16]).isCloseTo((float) Math.log(classes), within(1e-5f));
            assertThat(loss.toArray()[31]).isZero();
        }
    }

    private static void refuses(Device card, int classes) {
        assertThatExceptionOfType(IndexRangeException.class).isThrownBy(card::synchronize)
                .withMessageContaining("index " + classes + " at element 17 ")
                .withMessageContaining("expected 0.." + (classes - 1));
        card.synchronize();
    }
}
