package dev.jacobian.benchmarks;

import dev.jacobian.benchmarks.worker.BatchFile;
import dev.jacobian.benchmarks.worker.Worker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The driver's end of a worker process. */
final class WorkerClient implements AutoCloseable {
    /** The longest that one command may take; a step of the slowest peer takes some seconds. */
    private static final long LIMIT_SECONDS = 600;

    /** The longest that some hundred steps on real data may take. */
    private static final long CURVE_LIMIT_SECONDS = 3600;

    private static final String TAB = "\t";

    private final String name;
    private final BufferedReader answers;
    private final Writer commands;
    private final Process process;
    private final Path log;
    /** Whether an answer is owed that nobody waits for any more: the next one would be taken for another's. */
    private boolean lost;

    /** A worker at the other end of two streams. */
    WorkerClient(String name, InputStream answers, OutputStream commands) {
        this(name, answers, commands, null, null);
    }

    private WorkerClient(String name, InputStream answers, OutputStream commands, Process process, Path log) {
        this.name = name;
        this.answers = new BufferedReader(new InputStreamReader(answers, StandardCharsets.UTF_8));
        this.commands = new OutputStreamWriter(commands, StandardCharsets.UTF_8);
        this.process = process;
        this.log = log;
    }

    /**
     * Starts a process.
     *
     * @param name of the library, for messages
     * @param javaOptions from the class path to the main class and its arguments
     * @param environment variables to set
     * @param log where what it prints on standard error goes
     */
    static WorkerClient start(String name, List<String> javaOptions, Map<String, String> environment, Path log) {
        ProcessBuilder java = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        java.command().add("-D" + Worker.STARTED + "=" + System.currentTimeMillis());
        java.command().addAll(javaOptions);
        java.environment().putAll(environment);
        java.redirectError(log.toFile());
        try {
            Process process = java.start();
            return new WorkerClient(name, process.getInputStream(), process.getOutputStream(), process, log);
        } catch (IOException failure) {
            throw new WorkerException(name + " cannot be started: " + failure.getMessage(), failure);
        }
    }

    String name() {
        return name;
    }

    /** Whether it can be asked again. */
    boolean isAlive() {
        return !lost && (process == null || process.isAlive());
    }

    String describe() {
        return ask("describe").getFirst();
    }

    /** Opens a case; false if the library has no such case. */
    boolean open(String caseName) {
        return ask("open " + caseName) != null;
    }

    double[] losses(int steps) {
        return numbers(ask("losses " + steps));
    }

    /** Trains on every batch of a {@link BatchFile}; the loss of each step, none if the library takes no data. */
    double[] curve(Path batches) {
        List<String> losses = ask("curve " + batches, CURVE_LIMIT_SECONDS);
        return losses == null ? new double[0] : numbers(losses);
    }

    /** Runs for some time; returns seconds of a call. */
    double warm(double seconds) {
        double[] callsAndSeconds = numbers(ask("warm " + seconds));
        return callsAndSeconds[1] / callsAndSeconds[0];
    }

    int calls(double seconds) {
        return Integer.parseInt(ask("calls " + seconds).getFirst());
    }

    Block block(int calls) {
        return Block.of(ask("block " + calls), calls);
    }

    /** Bytes of a call as the library counts them, −1 if it does not, and resident bytes. */
    long[] memory() {
        return ask("memory").stream().mapToLong(Long::parseLong).toArray();
    }

    /** For some calls: number, seconds since the process was started, seconds. */
    double[] cold(double seconds) {
        return numbers(ask("cold " + seconds));
    }

    void closeCase() {
        ask("close");
    }

    private static double[] numbers(List<String> fields) {
        return fields.stream().mapToDouble(Double::parseDouble).toArray();
    }

    /** Sends a command; the answer's fields, or null if it was {@code none}. */
    private List<String> ask(String command) {
        return ask(command, LIMIT_SECONDS);
    }

    private List<String> ask(String command, long limitSeconds) {
        try {
            commands.write(command + "\n");
            commands.flush();
            FutureTask<String> answer = new FutureTask<>(answer());
            Thread.ofVirtual().start(answer);
            String line = answer.get(limitSeconds, TimeUnit.SECONDS);
            if (line == null) {
                giveUp();
                throw failure(command, "ended", null);
            }
            List<String> fields = List.of(line.split(TAB, -1));
            return switch (fields.get(1)) {
                case "ok" -> fields.subList(2, fields.size());
                case "none" -> null;
                default -> throw failure(command, fields.getLast(), null);
            };
        } catch (TimeoutException slow) {
            giveUp();
            throw failure(command, "took more than " + limitSeconds + " s", slow);
        } catch (ExecutionException | IOException gone) {
            giveUp();
            throw failure(command, "ended", gone);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            giveUp();
            throw failure(command, "was interrupted", stop);
        }
    }

    /** It does not answer: it must not compute on beside those that do. */
    private void giveUp() {
        lost = true;
        if (process != null) {
            process.destroyForcibly();
        }
    }

    /** The next line that is an answer; the others are what native libraries print. */
    private Callable<String> answer() {
        return () -> {
            String line = answers.readLine();
            while (line != null && !line.startsWith(Worker.MARK + TAB)) {
                line = answers.readLine();
            }
            return line;
        };
    }

    private WorkerException failure(String command, String what, Exception cause) {
        return new WorkerException(name + ", " + command + ": " + what + lastLines(), cause);
    }

    private String lastLines() {
        if (log == null) {
            return "";
        }
        try {
            List<String> lines = Files.readString(log).strip().lines().toList();
            return "; see " + log + (lines.isEmpty() ? "" : ": " + lines.getLast());
        } catch (IOException unreadable) {
            return "";
        }
    }

    @Override
    public void close() {
        try {
            commands.write("quit\n");
            commands.close();
            if (process != null && !process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            answers.close();
        } catch (IOException gone) {
            // what is left is to make sure of it
            if (process != null) {
                process.destroyForcibly();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
        }
    }
}
