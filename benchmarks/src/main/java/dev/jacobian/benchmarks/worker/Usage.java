package dev.jacobian.benchmarks.worker;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What processes have used of the processor so far, in seconds.
 *
 * @param cpu processor time of this process
 * @param waited how long threads of this process were ready to run and had no core; 0 where Linux does not tell
 * @param busy processor time of all processes; that of this one where Linux does not tell
 */
record Usage(double cpu, double waited, double busy) {
    private static final Path TASKS = Path.of("/proc/self/task");
    private static final Path STAT = Path.of("/proc/stat");
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path CLEAR = Path.of("/proc/self/clear_refs");
    private static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean) ManagementFactory
            .getOperatingSystemMXBean();
    // The unit of /proc/stat, the same on every Linux that Java runs on.
    private static final double SECONDS_PER_TICK = 0.01;

    static Usage now() {
        double cpu = SYSTEM.getProcessCpuTime() * 1e-9;
        return new Usage(cpu, waitedSeconds(), busySeconds(cpu));
    }

    Usage since(Usage before) {
        return new Usage(cpu - before.cpu, waited - before.waited, busy - before.busy);
    }

    /** Processor time of all other processes. */
    double others() {
        return Math.max(0, busy - cpu);
    }

    private static double waitedSeconds() {
        long nanos = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
            for (Path task : tasks) {
                nanos += waitedNanos(task);
            }
        } catch (IOException noProc) {
            return 0;
        }
        return nanos * 1e-9;
    }

    private static long waitedNanos(Path task) {
        try {
            return Long.parseLong(Files.readString(task.resolve("schedstat")).strip().split(" ", -1)[1]);
        } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException endedOrUnknown) {
            return 0;
        }
    }

    private static double busySeconds(double otherwise) {
        try {
            String[] fields = Files.readAllLines(STAT).getFirst().strip().split("\\s+", -1);
            long ticks = 0;
            // user, nice, system, irq, softirq, steal: everything but idle and waiting for a disk
            for (int field : new int[] {1, 2, 3, 6, 7, 8}) {
                ticks += Long.parseLong(fields[field]);
            }
            return ticks * SECONDS_PER_TICK;
        } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException unknown) {
            return otherwise;
        }
    }

    /** Bytes of memory that this process has now; −1 where Linux does not tell. */
    static long resident() {
        return status("VmRSS:");
    }

    /** The most bytes it has had, since the start or the last {@link #forgetPeak}; −1 where Linux does not tell. */
    static long residentPeak() {
        return status("VmHWM:");
    }

    /** Lets {@link #residentPeak} begin anew; where Linux does not allow that it goes on. */
    static void forgetPeak() {
        try {
            Files.writeString(CLEAR, "5");
        } catch (IOException notAllowed) {
            // then the peak is of everything so far, which is still an upper bound
        }
    }

    private static long status(String key) {
        try {
            List<String> lines = Files.readAllLines(STATUS);
            for (String line : lines) {
                if (line.startsWith(key)) {
                    return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
                }
            }
        } catch (IOException noProc) {
            return -1;
        }
        return -1;
    }
}
