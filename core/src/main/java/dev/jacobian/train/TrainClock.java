package dev.jacobian.train;

/** How long training and its epoch have taken, and when it is time to read the device again. */
final class TrainClock {
    private static final long READ_EVERY_NANOS = 100_000_000;

    private final long trainingBegan = System.nanoTime();
    private long epochBegan = trainingBegan;
    private long lastRead = trainingBegan;
    private long examples;
    private long trainedNanos;

    void beginEpoch() {
        epochBegan = System.nanoTime();
        examples = 0;
        trainedNanos = 0;
    }

    void count(int ofExamples) {
        examples += ofExamples;
        trainedNanos = System.nanoTime() - epochBegan;
    }

    boolean isTimeToRead() {
        long now = System.nanoTime();
        if (now - lastRead < READ_EVERY_NANOS) {
            return false;
        }
        lastRead = now;
        return true;
    }

    double epochSeconds() {
        return (System.nanoTime() - epochBegan) / 1e9;
    }

    double trainingSeconds() {
        return (System.nanoTime() - trainingBegan) / 1e9;
    }

    double examplesPerSecond() {
        return trainedNanos == 0 ? 0 : examples * 1e9 / trainedNanos;
    }
}
