package dev.jacobian.data;

import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.Device;
import dev.jacobian.tensor.Tensor;

/** Rows of two tensors: neighbouring ones as views, others gathered where the tensors are. */
final class TensorDataset implements Dataset {
    private final Tensor inputs;
    private final Tensor targets;

    TensorDataset(Tensor inputs, Tensor targets) {
        Batch.requireSameCount("dataset", inputs.shape(), targets.shape());
        this.inputs = inputs.detach();
        this.targets = targets.detach();
    }

    @Override
    public int size() {
        return inputs.dim(0);
    }

    @Override
    public Batch batch(int... indices) {
        DataLoader.checkIndices(indices, size());
        try (var _ = Autograd.noGrad()) {
            return new Batch(rows(inputs, indices), rows(targets, indices));
        }
    }

    private static Tensor rows(Tensor all, int[] indices) {
        return select(all, indices).to(Device.current());
    }

    private static Tensor select(Tensor all, int[] indices) {
        if (areNeighbours(indices)) {
            int from = indices.length == 0 ? 0 : indices[0];
            return all.slice(0, from, from + indices.length);
        }
        try (var _ = all.device().use()) {
            return all.indexSelect(0, Tensor.of(indices));
        }
    }

    private static boolean areNeighbours(int[] indices) {
        for (int i = 1; i < indices.length; i++) {
            if (indices[i] != indices[0] + i) {
                return false;
            }
        }
        return true;
    }
}
