package dev.jacobian.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.backend.SoftmaxMarginKernel;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Labels out of range in the kernels themselves, of every length of row. */
@Tag("software-device")
final class CudaSoftmaxMarginTest {
    @ParameterizedTest
    @ValueSource(ints = {4, 33, 100, 1100})
    void reportsTheFirstLabelOutOfRange(int classes) {
        Device card = Cuda.device();
        SoftmaxMarginKernel kernel = card.backend().kernel(SoftmaxMarginKernel.class, DType.FLOAT32);
        try (var _ = MemoryScope.open("of labels"); var _ = card.use()) {
            int rows = 40;
            int[] labels = new int[rows];
            labels[17] = classes;
            labels[29] = Integer.MIN_VALUE;
            Tensor target = Tensor.of(labels);
            Tensor logits = Tensor.full(0, rows, classes);
            Tensor probability = logits.emptyLike();
            Tensor loss = Tensor.full(0, rows);
            Tensor dlogits = logits.emptyLike();
            kernel.softmaxMargin(logits.view(), target.view(), 1, probability.view(), loss.view());
            refuses(card, classes);
            kernel.softmaxMarginBackward(probability.view(), target.view(), 1, Tensor.full(1, rows).view(),
                    dlogits.view());
            refuses(card, classes);
            assertThat(loss.toArray()[16]).isCloseTo(classes - 1, within(1e-6f * classes));
            for (int row : new int[] {17, 29}) {
                assertThat(loss.toArray()[row]).as("row %d", row).isNaN();
                assertThat(dlogits.select(0, row).toArray()).as("row %d", row).containsOnly(0);
            }
        }
    }

    private static void refuses(Device card, int classes) {
        assertThatExceptionOfType(IndexRangeException.class).isThrownBy(card::synchronize)
                .withMessageContaining("softmaxMargin: index " + classes + " at element 17 ")
                .withMessageContaining("expected 0.." + (classes - 1));
        card.synchronize();
    }
}
