package dev.jacobian.benchmarks.peers.libtorch;

import static org.bytedeco.pytorch.global.torch.TORCH_VERSION;
import static org.bytedeco.pytorch.global.torch.get_cpu_capability;
import static org.bytedeco.pytorch.global.torch.get_num_threads;
import static org.bytedeco.pytorch.global.torch.set_num_threads;
import static org.bytedeco.pytorch.global.torch.show_config;

import dev.jacobian.benchmarks.worker.Library;
import dev.jacobian.benchmarks.worker.Work;
import dev.jacobian.benchmarks.worker.Worker;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.PointerScope;

/**
 * libtorch's C++ interface, its autograd and its {@code torch::optim}, called through JavaCPP.
 *
 * <p>A step runs in a {@link PointerScope}, so that native memory is freed at its end, as C++ would. The system
 * property {@code threads} is the number of threads of an operation (default: one per core); the environment must say
 * the same in {@code OMP_NUM_THREADS} and {@code MKL_NUM_THREADS}. libtorch does not count its memory: what it needs
 * shows in the resident memory of the process.
 */
public final class LibtorchLibrary implements Library {
    private LibtorchLibrary() {}

    /**
     * Serves the benchmark.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        set_num_threads(Integer.getInteger("threads", Runtime.getRuntime().availableProcessors()));
        Worker.serve(new LibtorchLibrary());
    }

    @Override
    public String describe() {
        String config = show_config().getString();
        return "libtorch " + TORCH_VERSION + ", " + version("Math Kernel Library Version ([\\w.]+)", "MKL ", config)
                + ", " + version("MKL-DNN v([\\w.]+)", "oneDNN ", config) + ", " + get_cpu_capability().getString()
                + ", " + get_num_threads() + " threads";
    }

    private static String version(String pattern, String name, String config) {
        Matcher matcher = Pattern.compile(pattern).matcher(config);
        return matcher.find() ? name + matcher.group(1) : "no " + name.strip();
    }

    @Override
    public Work open(String caseName) {
        // What is made here lives until the case is closed.
        try (PointerScope life = new PointerScope()) {
            Work work = Workloads.open(caseName, life);
            if (work == null) {
                work = Operations.open(caseName, life);
            }
            if (work != null) {
                life.extend();
            }
            return work;
        }
    }
}
