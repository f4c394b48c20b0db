package dev.jacobian.benchmarks;

import dev.jacobian.benchmarks.worker.Library;
import dev.jacobian.benchmarks.worker.Trainable;
import dev.jacobian.benchmarks.worker.Work;
import dev.jacobian.benchmarks.worker.Worker;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A library that has one case, {@code fake}, and one that fails; also as a program of its own. */
final class FakeWorker implements Library {
    private final double loss;

    FakeWorker(double loss) {
        this.loss = loss;
    }

    public static void main(String[] arguments) {
        System.out.println("printed before anything was asked");
        Worker.serve(new FakeWorker(Double.parseDouble(arguments[0])));
    }

    @Override
    public String describe() {
        System.out.println("a library that talks");
        return "fake";
    }

    @Override
    public Work open(String caseName) {
        if (caseName.equals("ends")) {
            Runtime.getRuntime().halt(3);
        }
        return caseName.startsWith("f") ? new Fake(caseName.equals("fails")) : null;
    }

    private final class Fake implements Trainable {
        private final boolean fails;

        Fake(boolean fails) {
            this.fails = fails;
        }

        @Override
        public void run() {
            if (fails) {
                throw new IllegalStateException("no such\tkernel");
            }
        }

        @Override
        public double loss() {
            return loss;
        }

        /** Tells every number that it was given. */
        @Override
        public double loss(float[] inputs, int[] labels) {
            return 100 * inputs[0] + 10 * inputs[1] + labels[0];
        }

        @Override
        public void close() {}
    }

    /** A worker in this process. */
    static WorkerClient inProcess(String name, double loss) throws IOException {
        Pipe commands = Pipe.open();
        Pipe answers = Pipe.open();
        BufferedReader toWorker = new BufferedReader(
                new InputStreamReader(Channels.newInputStream(commands.source()), StandardCharsets.UTF_8));
        PrintStream fromWorker = new PrintStream(Channels.newOutputStream(answers.sink()), true,
                StandardCharsets.UTF_8);
        Thread.ofPlatform().daemon().start(() -> Worker.serve(new FakeWorker(loss), toWorker, fromWorker));
        return new WorkerClient(name, Channels.newInputStream(answers.source()),
                Channels.newOutputStream(commands.sink()));
    }

    /** A worker in a process of its own. */
    static WorkerClient ofItsOwn(String name, double loss, Path log) {
        return WorkerClient.start(name, List.of("-cp", System.getProperty("java.class.path"),
                FakeWorker.class.getName(), Double.toString(loss)), Map.of(), log);
    }

    /** A worker that says what it was told to say, whatever it is asked. */
    static WorkerClient scripted(String name, List<String> answers) {
        String lines = answers.stream().map(answer -> Worker.MARK + "\t" + answer + "\n").collect(Collectors.joining());
        return new WorkerClient(name, new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8)),
                new ByteArrayOutputStream());
    }
}
