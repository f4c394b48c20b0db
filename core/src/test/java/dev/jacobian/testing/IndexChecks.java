package dev.jacobian.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Device;
import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;

/** Indices and labels out of range: an error that says which, nothing read or written outside, and work goes on. */
final class IndexChecks {
    private final Device device;

    IndexChecks(Device device) {
        this.device = device;
    }

    void check() {
        try (var _ = MemoryScope.open("of indices"); var _ = device.use()) {
            Tensor x = Tensor.arange(12).mul(0.5).reshape(3, 4);
            for (int wrong : new int[] {4, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
                Tensor index = Tensor.of(new int[][] {{0, 1}, {2, wrong}, {3, 3}});
                fails("gather", wrong, 3, 4, () -> x.gather(1, index));
                fails("index select", wrong, 1, 4, () -> x.indexSelect(1, Tensor.of(2, wrong)));
                fails("scatter add", wrong, 3, 4, () -> x.slice(1, 0, 2).scatterAdd(1, index, 4));
                Tensor labels = Tensor.of(3, 0, wrong);
                fails("cross entropy", wrong, 2, 4, () -> x.crossEntropy(labels, -100, 0.1));
                fails("softmax margin", wrong, 2, 4, () -> x.softmaxMargin(labels, 0.5));
                Tensor variable = x.copy().requireGrad();
                fails("cross entropy, recorded", wrong, 2, 4, () -> variable.crossEntropy(labels, -100, 0));
                fails("softmax margin, recorded", wrong, 2, 4, () -> variable.softmaxMargin(labels, 0.5));
                try (var _ = Autograd.higherOrder()) {
                    fails("cross entropy, decomposed", wrong, 2, 4, () -> variable.crossEntropy(labels, -100, 0));
                    fails("softmax margin, decomposed", wrong, 2, 4, () -> variable.softmaxMargin(labels, 0.5));
                }
            }
            large();
        }
    }

    /** In the midst of enough elements for several threads. */
    private void large() {
        int n = 50_000;
        Tensor x = Tensor.arange(2 * n).mul(0.25).reshape(n, 2);
        int[] rows = new int[n];
        rows[n - 3] = 2;
        Tensor labels = Tensor.of(rows);
        fails("cross entropy", 2, n - 3, 2, () -> x.crossEntropy(labels, -100, 0));
        fails("softmax margin", 2, n - 3, 2, () -> x.softmaxMargin(labels, 0.5));
        fails("gather", 2, n - 3, 2, () -> x.gather(1, labels.unsqueeze(1)));
    }

    private void fails(String what, int index, int position, int limit, Supplier<Tensor> call) {
        assertThatExceptionOfType(IndexRangeException.class).as(what).isThrownBy(() -> {
            Tensor result = call.get();
            device.synchronize();
            result.toArray();
        }).withMessageContaining("index " + index + " at element " + position + " ")
                .withMessageContaining("expected 0.." + (limit - 1));
        goesOn();
    }

    private static void goesOn() {
        Tensor x = Tensor.of(1f, 2f, 4f);
        assertThat(x.gather(0, Tensor.of(2, 0)).toArray()).containsExactly(4, 1);
        assertThat(x.scatterAdd(0, Tensor.of(1, 1, 0), 2).toArray()).containsExactly(4, 3);
        assertThat(x.unsqueeze(0).crossEntropy(Tensor.of(2), 0, 0).item()).isBetween(0.16, 0.17);
        assertThat(x.unsqueeze(0).softmaxMargin(Tensor.of(2), 1).item()).isBetween(0.46, 0.47);
    }

    /** Ignored examples may have any label, and have neither loss nor gradient. */
    void checkIgnored() {
        try (var _ = MemoryScope.open("of indices"); var _ = device.use()) {
            for (int ignored : List.of(-100, 1, 77)) {
                Tensor x = Tensor.of(new float[][] {{1, 2, 3}, {4, 5, 6}, {1e30f, 0, -1e30f}}).requireGrad();
                Tensor loss = x.crossEntropy(Tensor.of(2, ignored, 0), ignored, 0.25);
                loss.backward(Tensor.of(1f, 1f, 1f));
                assertThat(loss.toArray()[1]).isZero();
                assertThat(x.grad().select(0, 1).toArray()).containsOnly(0);
                assertThat(x.grad().select(0, 0).toArray()).doesNotContain(0);
            }
        }
    }
}
