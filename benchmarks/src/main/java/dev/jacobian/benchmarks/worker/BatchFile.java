package dev.jacobian.benchmarks.worker;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntFunction;

/** A file of batches, so that every worker trains on the same ones: how many steps, then batch after batch. */
public final class BatchFile {
    private BatchFile() {}

    /**
     * What a step is given.
     *
     * @param inputs the network's; tokens as numbers
     * @param labels the classes
     */
    @SuppressWarnings("ArrayRecordComponent") // a carrier
    public record Batch(float[] inputs, int[] labels) {}

    /**
     * Writes a file.
     *
     * @param file which
     * @param steps how many batches
     * @param source makes that of a step, counted from 0
     * @throws IOException if it cannot be written
     */
    public static void write(Path file, int steps, IntFunction<Batch> source) throws IOException {
        try (DataOutputStream to = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            to.writeInt(steps);
            for (int step = 0; step < steps; step++) {
                Batch batch = source.apply(step);
                to.writeInt(batch.inputs.length);
                for (float input : batch.inputs) {
                    to.writeFloat(input);
                }
                to.writeInt(batch.labels.length);
                for (int label : batch.labels) {
                    to.writeInt(label);
                }
            }
        }
    }

    /** Trains on every batch of a file; the loss of each step. */
    static double[] losses(Path file, Trainable network) throws IOException {
        try (DataInputStream from = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            double[] losses = new double[from.readInt()];
            for (int step = 0; step < losses.length; step++) {
                float[] inputs = new float[from.readInt()];
                for (int i = 0; i < inputs.length; i++) {
                    inputs[i] = from.readFloat();
                }
                int[] labels = new int[from.readInt()];
                for (int i = 0; i < labels.length; i++) {
                    labels[i] = from.readInt();
                }
                losses[step] = network.loss(inputs, labels);
            }
            return losses;
        }
    }
}
