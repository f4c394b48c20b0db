package dev.jacobian.data;

import dev.jacobian.backend.Philox;
import dev.jacobian.tensor.Rng;
import java.lang.ref.Cleaner;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;

/**
 * Cuts a dataset into batches, in the dataset's order or shuffled anew for each pass:
 *
 * <pre>{@code
 * var loader = new DataLoader(data, 64).shuffle(true);
 * for (Batch batch : loader) {
 *     …
 * }
 * }</pre>
 *
 * <p>A loader owns its batches: one is valid until the next is asked for, also when that ends the loop or begins
 * another loop over the same loader; copy what is to live longer. Where fetching takes long enough to be worth it, a
 * thread fetches the next batches meanwhile; what they contain does not depend on it. A loop that is left early needs
 * no care. One loop at a time, on the thread that began it, and on the device that was current then.
 */
public final class DataLoader implements Iterable<Batch> {
    /**
     * Bytes of a batch from which on a thread fetches ahead. Measured on two cores of a Zen 4: handing a batch over costs
     * 5 to 8 µs, as much as gathering 50 KiB of images.
     */
    static final long WORTH_A_THREAD = 64 << 10;

    private static final Cleaner CLEANER = Cleaner.create();

    private final Dataset dataset;
    private final int batchSize;
    private boolean shuffle;
    private boolean dropLast;
    private int prefetch = 2;
    private int epoch;
    private Pass pass;

    /**
     * A loader that keeps the dataset's order, keeps a smaller last batch, and fetches two batches ahead.
     *
     * @param dataset the examples
     * @param batchSize examples in a batch, at least 1
     * @throws IllegalArgumentException if the batch size is below 1
     */
    public DataLoader(Dataset dataset, int batchSize) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("data loader: got batch size " + batchSize + ", expected at least 1");
        }
        this.dataset = dataset;
        this.batchSize = batchSize;
    }

    /**
     * Whether each pass takes the examples in a new random order, which depends on {@link Rng#seed} and on how many
     * passes of this loader came before.
     *
     * @param on true to shuffle
     * @return this
     */
    public DataLoader shuffle(boolean on) {
        shuffle = on;
        return this;
    }

    /**
     * Whether a last batch with fewer examples than the others is left out.
     *
     * @param on true to leave it out
     * @return this
     */
    public DataLoader dropLast(boolean on) {
        dropLast = on;
        return this;
    }

    /**
     * How many batches to fetch ahead, on a thread of the loader's own.
     *
     * @param count at least 0; 0 fetches each batch when it is asked for
     * @return this
     * @throws IllegalArgumentException if the count is negative
     */
    public DataLoader prefetch(int count) {
        if (count < 0) {
            throw new IllegalArgumentException("data loader: got prefetch " + count + ", expected at least 0");
        }
        prefetch = count;
        return this;
    }

    /**
     * Sets how many passes count as done, to go on from a checkpoint with the order that would have come next.
     *
     * @param passes at least 0
     * @return this
     * @throws IllegalArgumentException if the number is negative
     */
    public DataLoader resume(int passes) {
        if (passes < 0) {
            throw new IllegalArgumentException("data loader: got " + passes + " passes, expected at least 0");
        }
        epoch = passes;
        return this;
    }

    /**
     * The number of batches in a pass.
     *
     * @return at least 0
     */
    public int batches() {
        return dropLast ? dataset.size() / batchSize : Math.ceilDiv(dataset.size(), batchSize);
    }

    /**
     * Begins a pass, and ends the one before if it is not over.
     *
     * @return the batches, once
     */
    @Override
    public Iterator<Batch> iterator() {
        stop();
        int size = dataset.size();
        int[] order = shuffle
                ? Rng.permutation(size, Philox.streamOf("shuffle", epoch))
                : IntStream.range(0, size).toArray();
        epoch++;
        pass = new Pass(dataset, order, batchSize, batches(), prefetch);
        BatchIterator iterator = new BatchIterator(pass);
        CLEANER.register(iterator, pass::cancel);
        return iterator;
    }

    /** Ends the pass that is under way, if any, and lets go of its batches at once. */
    public void stop() {
        if (pass != null) {
            pass.close();
            pass = null;
        }
    }

    static void checkIndices(int[] indices, int size) {
        for (int index : indices) {
            if (index < 0 || index >= size) {
                throw new IllegalArgumentException(
                        "dataset: got index " + index + ", expected 0.." + (size - 1) + "; there are " + size
                                + " examples");
            }
        }
    }

    private static final class BatchIterator implements Iterator<Batch> {
        private final Pass pass;
        private final Thread owner = Thread.currentThread();
        private int number;

        BatchIterator(Pass pass) {
            this.pass = pass;
        }

        @Override
        public boolean hasNext() {
            if (number < pass.batches()) {
                return true;
            }
            pass.close();
            return false;
        }

        @Override
        public Batch next() {
            if (!Thread.currentThread().equals(owner)) {
                throw new IllegalStateException("data loader: an iteration belongs to the thread that began it, "
                        + owner.getName() + ", got " + Thread.currentThread().getName() + "; use a loader for each");
            }
            if (!hasNext()) {
                throw new NoSuchElementException("data loader: no batch is left; begin another iteration");
            }
            int wanted = number;
            number = pass.batches(); // over, should the dataset fail
            Batch batch = pass.next(wanted);
            number = wanted + 1;
            return batch;
        }
    }
}
