package dev.jacobian.data;

import dev.jacobian.memory.MemoryScope;
import dev.jacobian.memory.Storage;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A batch that a loader has fetched, or why it could not.
 *
 * @param batch the batch; null after a failure
 * @param owned the memory that was made for it, held until {@link #release}
 * @param failure what the dataset threw; null if nothing
 */
record Loaded(Batch batch, List<Storage> owned, Throwable failure) {
    /** Takes over what the current scope holds of a batch; tensors from elsewhere stay whose they are. */
    static Loaded of(Batch batch) {
        List<Storage> owned = new ArrayList<>(2);
        for (Tensor tensor : List.of(batch.input(), batch.target())) {
            Storage storage = tensor.storage();
            if (storage.scope() == MemoryScope.current()) {
                storage.moveTo(MemoryScope.root());
                owned.add(storage);
            }
        }
        return new Loaded(batch, owned, null);
    }

    static Loaded failed(Throwable failure) {
        return new Loaded(null, List.of(), failure);
    }

    /** How much was copied to make the batch. */
    long bytes() {
        long bytes = 0;
        if (!owned.isEmpty()) {
            bytes += batch.input().size() * batch.input().dtype().bytes();
            bytes += batch.target().size() * batch.target().dtype().bytes();
        }
        return bytes;
    }

    /** Ends the batch's memory in a scope of its own, which whoever uses the batch later is told of. */
    void release() {
        try (MemoryScope scope = MemoryScope.open("of a data loader's batch, valid until the next is asked for,")) {
            owned.forEach(storage -> storage.moveTo(scope));
        }
    }
}
