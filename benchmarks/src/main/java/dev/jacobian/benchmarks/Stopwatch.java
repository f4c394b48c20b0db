package dev.jacobian.benchmarks;

import dev.jacobian.backend.Device;
import java.util.Arrays;

/**
 * Measures work on a device in blocks of runs. Devices work while Java goes on, so a block ends with a synchronisation and
 * holds enough runs to hide it.
 *
 * @param device where the work is done
 * @param warmUpSeconds how long it runs before it counts
 * @param blockSeconds how long a block takes
 */
public record Stopwatch(Device device, double warmUpSeconds, double blockSeconds) {
    private static final int BLOCKS = 9;

    /**
     * Measures.
     *
     * @param work one run
     * @return its time
     */
    public Timing time(Runnable work) {
        long start = System.nanoTime();
        int runs = 0;
        double spent;
        do {
            work.run();
            device.synchronize();
            runs++;
            spent = seconds(start);
        } while (spent < warmUpSeconds);
        int perBlock = (int) Math.max(1, blockSeconds * runs / spent);
        double[] times = new double[BLOCKS];
        for (int i = 0; i < BLOCKS; i++) {
            long before = System.nanoTime();
            for (int run = 0; run < perBlock; run++) {
                work.run();
            }
            device.synchronize();
            times[i] = seconds(before) / perBlock;
        }
        Arrays.sort(times);
        return new Timing(times[BLOCKS / 2], times[0], times[BLOCKS - 1]);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) * 1e-9;
    }
}
