package dev.jacobian.benchmarks.worker;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.StringJoiner;

/**
 * The main loop of a worker process: reads a command a line from standard input, does it, answers in a line. While the
 * driver lets another worker run, this one waits for its next line and needs no processor time.
 *
 * <p>An answer is {@value #MARK}, a word that says how it went ({@code ok}, {@code none} where the library has no such
 * case, {@code error}) and the answer's fields, separated by tabs. The mark tells answers from what native libraries print;
 * what Java code prints goes to standard error.
 *
 * <table>
 * <caption>Commands and the fields of their answers</caption>
 * <tr><td>{@code describe}</td><td>one line about the library</td></tr>
 * <tr><td>{@code open NAME}</td><td>none; closes the case before</td></tr>
 * <tr><td>{@code losses N}</td><td>the losses of N steps</td></tr>
 * <tr><td>{@code curve FILE}</td><td>the losses of steps on the batches of a {@link BatchFile}; {@code none} where the case
 * takes no data</td></tr>
 * <tr><td>{@code warm SECONDS}</td><td>calls made in at least that time, five at least; the seconds they took</td></tr>
 * <tr><td>{@code calls SECONDS}</td><td>how many calls fill that time, one at least</td></tr>
 * <tr><td>{@code block CALLS}</td><td>seconds; processor seconds of this process; seconds its threads waited for a core;
 * processor seconds of others</td></tr>
 * <tr><td>{@code memory}</td><td>bytes of one more call as the library counts them, −1 if it does not; resident bytes at
 * most during it above those before the case was opened</td></tr>
 * <tr><td>{@code first}</td><td>seconds from the start of the process to the end of its first call; that call's
 * seconds</td></tr>
 * <tr><td>{@code cold SECONDS}</td><td>calls for that time; for calls number 1, 2, 5, 10, 20, …: number, seconds since the
 * start of the process, seconds of that call</td></tr>
 * <tr><td>{@code close}</td><td>none</td></tr>
 * <tr><td>{@code quit}</td><td>none; the worker ends, as at the end of its input</td></tr>
 * </table>
 */
public final class Worker {
    /** How a line begins that is an answer. */
    public static final String MARK = "@bench";

    /** The system property that holds when the process was started, in milliseconds of the epoch. */
    public static final String STARTED = "jacobian.bench.started";

    private static final String TAB = "\t";
    private static final double TRIAL_SECONDS = 0.1;
    private static final int LEAST_CALLS = 5;

    private final Library library;
    private Work work;
    private long residentBefore;
    private double firstAt = Double.NaN;
    private double firstSeconds = Double.NaN;

    private Worker(Library library) {
        this.library = library;
    }

    /**
     * Serves a library until the driver says {@code quit} or is gone.
     *
     * @param library whose cases are run
     */
    public static void serve(Library library) {
        PrintStream answers = System.out;
        System.setOut(System.err);
        serve(library, new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)), answers);
    }

    /**
     * The same on other streams.
     *
     * @param library whose cases are run
     * @param commands where commands come from
     * @param answers where answers go
     */
    public static void serve(Library library, BufferedReader commands, PrintStream answers) {
        Worker worker = new Worker(library);
        try {
            String command = commands.readLine();
            while (command != null && !command.equals("quit")) {
                answers.println(worker.answer(command));
                answers.flush();
                command = commands.readLine();
            }
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        } finally {
            worker.close();
        }
        answers.println(line("ok"));
        answers.flush();
    }

    private String answer(String command) {
        try {
            int space = command.indexOf(' ');
            String argument = space < 0 ? "" : command.substring(space + 1);
            return answer(space < 0 ? command : command.substring(0, space), argument);
        } catch (Exception | LinkageError | OutOfMemoryError | StackOverflowError failure) {
            failure.printStackTrace();
            return line("error", failure.toString().replaceAll("\\s+", " "));
        }
    }

    private String answer(String command, String argument) {
        return switch (command) {
            case "describe" -> line("ok", library.describe());
            case "open" -> open(argument);
            case "losses" -> losses(Integer.parseInt(argument));
            case "curve" -> curve(Path.of(argument));
            case "warm" -> warm(Double.parseDouble(argument));
            case "calls" -> calls(Double.parseDouble(argument));
            case "block" -> block(Integer.parseInt(argument));
            case "memory" -> memory();
            case "first" -> {
                if (Double.isNaN(firstAt)) {
                    run();
                }
                yield line("ok", Double.toString(firstAt), Double.toString(firstSeconds));
            }
            case "cold" -> cold(Double.parseDouble(argument));
            case "close" -> {
                close();
                yield line("ok");
            }
            default -> line("error", "unknown command: " + command);
        };
    }

    private String open(String name) {
        close();
        residentBefore = Usage.resident();
        work = library.open(name);
        return line(work == null ? "none" : "ok");
    }

    private void close() {
        if (work != null) {
            work.close();
            work = null;
        }
    }

    private Work opened() {
        if (work == null) {
            throw new IllegalStateException("no case is open");
        }
        return work;
    }

    private String losses(int steps) {
        StringJoiner losses = new StringJoiner(TAB);
        for (int i = 0; i < steps; i++) {
            long start = System.nanoTime();
            losses.add(Double.toString(opened().loss()));
            first(start);
        }
        return line("ok", losses.toString());
    }

    private String curve(Path batches) {
        if (!(opened() instanceof Trainable network)) {
            return line("none");
        }
        try {
            StringJoiner losses = new StringJoiner(TAB);
            for (double loss : BatchFile.losses(batches, network)) {
                losses.add(Double.toString(loss));
            }
            return line("ok", losses.toString());
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private String warm(double seconds) {
        long start = System.nanoTime();
        int calls = 0;
        double spent;
        do {
            run();
            calls++;
            spent = seconds(start);
        } while (spent < seconds || calls < LEAST_CALLS);
        return line("ok", Integer.toString(calls), Double.toString(spent));
    }

    /** A call that is waited for. */
    private void run() {
        long start = System.nanoTime();
        opened().run();
        work.finish();
        first(start);
    }

    private void first(long start) {
        if (Double.isNaN(firstAt)) {
            firstSeconds = seconds(start);
            firstAt = sinceStart();
        }
    }

    private String calls(double seconds) {
        long start = System.nanoTime();
        int calls = 0;
        double spent;
        do {
            opened().run();
            calls++;
            spent = seconds(start);
        } while (spent < Math.min(seconds, TRIAL_SECONDS));
        work.finish();
        return line("ok", Long.toString(Math.max(1, Math.round(calls * seconds / seconds(start)))));
    }

    private String block(int calls) {
        Work running = opened();
        Usage before = Usage.now();
        long start = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            running.run();
        }
        running.finish();
        double seconds = seconds(start);
        Usage used = Usage.now().since(before);
        return line("ok", Double.toString(seconds), Double.toString(used.cpu()), Double.toString(used.waited()),
                Double.toString(used.others()));
    }

    private String memory() {
        Usage.forgetPeak();
        long counted = opened().memory();
        run();
        return line("ok", Long.toString(counted), Long.toString(Usage.residentPeak() - residentBefore));
    }

    private String cold(double seconds) {
        StringJoiner marks = new StringJoiner(TAB);
        long begin = System.nanoTime();
        int next = 1;
        for (int call = 1; seconds(begin) < seconds || call == 1; call++) {
            long start = System.nanoTime();
            run();
            if (call == next) {
                marks.add(Integer.toString(call)).add(Double.toString(sinceStart()))
                        .add(Double.toString(seconds(start)));
                // 1, 2, 5, 10, 20, 50, …
                next = Integer.toString(next).startsWith("2") ? next / 2 * 5 : next * 2;
            }
        }
        return line("ok", marks.toString());
    }

    private static double sinceStart() {
        long started = Long.getLong(STARTED, ManagementFactory.getRuntimeMXBean().getStartTime());
        return (System.currentTimeMillis() - started) * 1e-3;
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) * 1e-9;
    }

    private static String line(String... fields) {
        return MARK + TAB + String.join(TAB, fields);
    }
}
