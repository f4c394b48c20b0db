package dev.jacobian.train;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.Shape;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;

/**
 * The mean loss over examples. Losses are kept on the device in a short row and read together, so that a device that
 * computes while the program goes on is waited for only now and then; each is still known by its step. Where memory is
 * the host's, reading costs nothing and each loss is read at once.
 */
final class LossMeter implements AutoCloseable {
    /** How many steps late a loss may be read. */
    static final int DELAY = 32;

    private Tensor row;
    private final int[] examples = new int[DELAY];
    private int waiting;
    private int steps;
    private double sum;
    private long count;
    private int badStep;
    private double badLoss;

    /** Whether reading a device's memory waits for nothing. */
    static boolean isHostMemory(Tensor tensor) {
        return tensor.view().buffer() instanceof HostBuffer;
    }

    /** Adds the mean loss of some examples: a tensor of one element. */
    void add(Tensor loss, int ofExamples) {
        if (loss.size() != 1) {
            throw new IllegalArgumentException("training: got a loss of shape " + loss.shape()
                    + ", expected one number; use a loss that is reduced to its mean");
        }
        if (row == null || row.device() != loss.device() || row.dtype() != loss.dtype()) {
            flush();
            close();
            row = Tensor.empty(loss.device(), loss.dtype(), Shape.of(isHostMemory(loss) ? 1 : DELAY));
            row.storage().moveTo(MemoryScope.root());
        }
        try (var _ = Autograd.noGrad(); var _ = MemoryScope.open("of a loss meter")) {
            Tensor slot = row.slice(0, waiting, waiting + 1);
            loss.device().backend().copy(loss.detach().reshape(1).view(), slot.view());
        }
        examples[waiting++] = ofExamples;
        if (waiting == row.dim(0)) {
            flush();
        }
    }

    /** Reads what was not read yet. */
    void flush() {
        if (waiting == 0) {
            return;
        }
        double[] losses = row.toDoubleArray();
        for (int i = 0; i < waiting; i++) {
            steps++;
            sum += losses[i] * examples[i];
            count += examples[i];
            if (badStep == 0 && !Double.isFinite(losses[i])) {
                badStep = steps;
                badLoss = losses[i];
            }
        }
        waiting = 0;
    }

    /** The mean of what was read. */
    double value() {
        return count == 0 ? Double.NaN : sum / count;
    }

    /** The first step, from 1 on, whose loss is known to be not finite; 0 if there is none. */
    int badStep() {
        return badStep;
    }

    double badLoss() {
        return badLoss;
    }

    @Override
    public void close() {
        if (row != null) {
            row.storage().release();
            row = null;
        }
    }
}
