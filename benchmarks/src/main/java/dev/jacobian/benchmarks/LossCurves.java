package dev.jacobian.benchmarks;

import dev.jacobian.benchmarks.worker.BatchFile;
import dev.jacobian.benchmarks.worker.BatchFile.Batch;
import dev.jacobian.data.DataException;
import dev.jacobian.data.Dataset;
import dev.jacobian.data.ImageDataset;
import dev.jacobian.memory.MemoryScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Real data for a network of the benchmark. Every library begins with the same weights and is given the same batches, so
 * that their losses can be laid beside each other.
 *
 * @param caseName the network
 * @param steps how many batches there are
 * @param source makes that of a step, counted from 0
 */
record LossCurves(String caseName, int steps, IntFunction<Batch> source) {
    private static final int IMAGES = 128;
    private static final int SEQUENCES = 16;
    private static final int TEXT_STEPS = 300;

    /**
     * W1 on handwritten digits: one epoch, in the order of the files.
     *
     * @param folder with MNIST's four files
     */
    static LossCurves ofDigits(Path folder) {
        Dataset digits = readDigits(folder);
        if (digits.size() < IMAGES) {
            throw new BenchException(folder + ": got " + digits.size() + " images, expected at least " + IMAGES);
        }
        return new LossCurves("W1", digits.size() / IMAGES, step -> {
            try (var _ = MemoryScope.open("of a batch")) {
                var batch = digits.batch(IntStream.range(step * IMAGES, (step + 1) * IMAGES).toArray());
                return new Batch(batch.input().toArray(), batch.target().toIntArray());
            }
        });
    }

    private static Dataset readDigits(Path folder) {
        try {
            return ImageDataset.mnist(folder).train();
        } catch (DataException unreadable) {
            throw new BenchException(unreadable.getMessage());
        }
    }

    private static String readText(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new BenchException("the text cannot be read (" + unreadable + ")");
        }
    }

    /**
     * W4 on a text: pieces of it, at random places.
     *
     * @param file a text of no more different characters than the network knows
     */
    static LossCurves ofText(Path file) {
        String text = readText(file);
        int[] letters = text.chars().sorted().distinct().toArray();
        if (letters.length > Models.VOCABULARY || text.length() <= Models.CONTEXT) {
            throw new BenchException(file + ": got " + text.length() + " characters, " + letters.length
                    + " different ones, expected more than " + Models.CONTEXT + ", and at most " + Models.VOCABULARY);
        }
        int[] tokens = text.chars().map(letter -> Arrays.binarySearch(letters, letter)).toArray();
        return new LossCurves("W4", TEXT_STEPS, step -> {
            SplittableRandom random = new SplittableRandom(step);
            float[] inputs = new float[SEQUENCES * Models.CONTEXT];
            int[] next = new int[inputs.length];
            for (int sequence = 0; sequence < SEQUENCES; sequence++) {
                int at = random.nextInt(tokens.length - Models.CONTEXT);
                for (int i = 0; i < Models.CONTEXT; i++) {
                    inputs[sequence * Models.CONTEXT + i] = tokens[at + i];
                    next[sequence * Models.CONTEXT + i] = tokens[at + i + 1];
                }
            }
            return new Batch(inputs, next);
        });
    }

    /** Writes all batches, for {@link WorkerClient#curve}. */
    void write(Path file) {
        try {
            BatchFile.write(file, steps, source);
        } catch (IOException full) {
            throw new UncheckedIOException(full);
        }
    }
}
