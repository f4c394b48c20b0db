package dev.jacobian.benchmarks;

import dev.jacobian.backend.Device;
import dev.jacobian.benchmarks.worker.Library;
import dev.jacobian.benchmarks.worker.Trainable;
import dev.jacobian.benchmarks.worker.Work;
import dev.jacobian.benchmarks.worker.Worker;
import dev.jacobian.memory.MemoryPool;
import dev.jacobian.memory.MemoryScope;

/** This project as one of the libraries that the benchmark compares: everything through its public classes. */
final class JacobianLibrary implements Library {
    static final String INFERENCE = " inference";

    private final Device device;

    JacobianLibrary(Device device) {
        this.device = device;
    }

    /**
     * A worker.
     *
     * @param arguments the device
     */
    public static void main(String[] arguments) {
        Worker.serve(new JacobianLibrary(Device.of(arguments[0])));
    }

    @Override
    public String describe() {
        return "Jacobian " + device.describe();
    }

    @Override
    public Work open(String caseName) {
        for (Limits limit : Limits.values()) {
            if (limit.title.equals(caseName)) {
                return limit.open(Integer.getInteger("jacobian.threads", Runtime.getRuntime().availableProcessors()));
            }
        }
        for (Workload workload : Workload.ALL) {
            if (workload.name().equals(caseName)) {
                return new Steps(workload);
            }
            if (caseName.equals(workload.name() + INFERENCE)) {
                return new Inference(workload);
            }
        }
        for (Operation operation : Operation.ALL) {
            if (operation.name().equals(caseName)) {
                return new Call(operation);
            }
        }
        return null;
    }

    /** What all cases share: the device and the memory that closing gives back. */
    private abstract class Case implements Work {
        private final Device.Use use = device.use();
        private final MemoryScope scope;
        private final long before;

        Case(String name) {
            // Gradients of the case before live until the collector finds that their parameters are gone.
            System.gc();
            MemoryPool.of(device).flush();
            before = MemoryPool.of(device).stats().active();
            scope = MemoryScope.open(name);
        }

        @Override
        public final void finish() {
            device.synchronize();
        }

        @Override
        public final long memory() {
            MemoryPool.of(device).resetPeak();
            run();
            finish();
            return MemoryPool.of(device).stats().peak() - before;
        }

        @Override
        public final void close() {
            scope.close();
            use.close();
            MemoryPool.of(device).flush();
        }
    }

    private final class Steps extends Case implements Trainable {
        private final Workload.Training training;

        Steps(Workload workload) {
            super(workload.name());
            training = workload.new Training();
        }

        @Override
        public void run() {
            training.step();
        }

        @Override
        public double loss() {
            return training.loss();
        }

        @Override
        public double loss(float[] inputs, int[] labels) {
            return training.loss(inputs, labels);
        }
    }

    private final class Inference extends Case {
        private final Workload.Training training;

        Inference(Workload workload) {
            super(workload.name() + INFERENCE);
            training = workload.new Training().eval();
        }

        @Override
        public void run() {
            training.infer();
        }
    }

    private final class Call extends Case {
        private final Runnable call;

        Call(Operation operation) {
            super(operation.name());
            call = operation.ready().get();
        }

        @Override
        public void run() {
            call.run();
        }
    }
}
