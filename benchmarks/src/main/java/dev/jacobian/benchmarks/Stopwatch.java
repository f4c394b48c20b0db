package dev.jacobian.benchmarks;

import dev.jacobian.backend.Device;

/**
 * Measures work on a device in blocks of runs. Devices work while Java goes on, so a block ends with a synchronisation and
 * holds enough runs to hide it.
 *
 * @param device where the work is done
 * @param warmUpSeconds how long it runs before it counts
 * @param blockSeconds how long a block takes; it holds one run at least
 * @param blocks how many blocks count, at least one
 */
public record Stopwatch(Device device, double warmUpSeconds, double blockSeconds, int blocks) {
    /**
     * Measures for as long as figures need to settle.
     *
     * @param device where the work is done
     * @return nine blocks of 0.04 s, after 0.4 s
     */
    public static Stopwatch of(Device device) {
        return new Stopwatch(device, 0.4, 0.04, 9);
    }

    /**
     * Measures as little as there can be, to try what is measured.
     *
     * @param device where the work is done
     * @return three blocks of one run, after one
     */
    public static Stopwatch quick(Device device) {
        return new Stopwatch(device, 0, 0, 3);
    }

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
        double[] times = new double[blocks];
        for (int i = 0; i < blocks; i++) {
            long before = System.nanoTime();
            for (int run = 0; run < perBlock; run++) {
                work.run();
            }
            device.synchronize();
            times[i] = seconds(before) / perBlock;
        }
        return Timing.of(times);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) * 1e-9;
    }
}
