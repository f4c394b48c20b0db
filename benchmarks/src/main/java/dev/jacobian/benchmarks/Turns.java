package dev.jacobian.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * How workers that have the same case open are timed: all are warmed up, then one block of one worker follows on a block of
 * another, so that the machine's moods meet all of them.
 *
 * @param warmSeconds how long each runs before it counts; up to three times as long while that still makes it faster
 * @param blockSeconds how long a block takes; it holds one call at least
 * @param blocks how many count
 * @param pauseSeconds between blocks of different workers, for the threads of the one before to go to sleep
 * @param repeats how many disturbed blocks of a worker are repeated, per case
 */
record Turns(double warmSeconds, double blockSeconds, int blocks, double pauseSeconds, int repeats) {
    /** What is used when nothing is said. */
    static final Turns STANDARD = new Turns(3, 0.4, 9, 0.25, 12);

    private static final double STILL_FASTER = 0.97;

    /** For a first look. */
    static final Turns QUICK = new Turns(1.5, 0.15, 3, 0.25, 4);

    /**
     * What a worker was measured to take.
     *
     * @param blocks those that count, one for each round
     * @param repeated how many were disturbed and repeated
     */
    record Measured(List<Block> blocks, int repeated) {
        double[] seconds() {
            return blocks.stream().mapToDouble(Block::seconds).toArray();
        }

        long disturbed() {
            return blocks.stream().filter(Block::disturbed).count();
        }
    }

    /** Measures, with disturbed blocks repeated. */
    Map<WorkerClient, Measured> measure(List<WorkerClient> workers) {
        Map<WorkerClient, Integer> calls = new LinkedHashMap<>();
        for (WorkerClient worker : workers) {
            pause(workers);
            warm(worker);
            calls.put(worker, worker.calls(blockSeconds));
        }
        Map<WorkerClient, List<Block>> counted = new LinkedHashMap<>();
        Map<WorkerClient, Integer> repeated = new LinkedHashMap<>();
        for (int round = 0; round < blocks; round++) {
            for (WorkerClient worker : workers) {
                pause(workers);
                Block block = worker.block(calls.get(worker));
                int before = repeated.getOrDefault(worker, 0);
                int again = before;
                while (block.disturbed() && again < repeats) {
                    again++;
                    sleep(pauseSeconds);
                    block = worker.block(calls.get(worker));
                }
                repeated.put(worker, again);
                counted.computeIfAbsent(worker, _ -> new ArrayList<>()).add(block);
            }
        }
        Map<WorkerClient, Measured> measured = new LinkedHashMap<>();
        counted.forEach((worker, all) -> measured.put(worker, new Measured(List.copyOf(all), repeated.get(worker))));
        return measured;
    }

    /** In parts, until one is not faster than the one before: the virtual machine compiles for seconds. */
    private void warm(WorkerClient worker) {
        double part = warmSeconds / 2;
        double before = worker.warm(part);
        double now = worker.warm(part);
        for (int parts = 2; now < STILL_FASTER * before && parts < 6; parts++) {
            before = now;
            now = worker.warm(part);
        }
    }

    /** Measures one worker while a thread of this process computes without a pause; nothing is repeated. */
    Timing measureBesideBusyThread(WorkerClient worker) {
        Thread busy = Thread.ofPlatform().daemon().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                Thread.onSpinWait();
            }
        });
        try {
            int calls = worker.calls(blockSeconds);
            double[] seconds = new double[blocks];
            for (int i = 0; i < blocks; i++) {
                seconds[i] = worker.block(calls).seconds();
            }
            return Timing.of(seconds);
        } finally {
            busy.interrupt();
        }
    }

    private void pause(List<WorkerClient> workers) {
        if (workers.size() > 1) {
            sleep(pauseSeconds);
        }
    }

    private static void sleep(double seconds) {
        LockSupport.parkNanos((long) (seconds * 1e9));
    }
}
