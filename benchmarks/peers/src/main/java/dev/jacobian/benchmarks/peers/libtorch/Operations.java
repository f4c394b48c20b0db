package dev.jacobian.benchmarks.peers.libtorch;

import static org.bytedeco.pytorch.global.torch.bmm;
import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.dropout;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.relu;
import static org.bytedeco.pytorch.global.torch.softmax;
import static org.bytedeco.pytorch.global.torch.torch_ones_like;

import dev.jacobian.benchmarks.worker.Numbers;
import dev.jacobian.benchmarks.worker.Work;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;

/** Single operations: {@code KIND SHAPE f}, {@code KIND SHAPE fb}, {@code adam 10M xTENSORS}. */
final class Operations {
    private static final Pattern OPERATION = Pattern.compile("(\\S+) (\\S+) (fb?)");
    private static final Pattern OPTIMIZER = Pattern.compile("(adamw?) (\\d+)M x(\\d+)");
    private static final Pattern CONVOLUTION = Pattern.compile("(conv|depthwise)(\\d)x\\d(?:s(\\d))?");

    private Operations() {}

    static Work open(String caseName, PointerScope life) {
        Matcher optimizer = OPTIMIZER.matcher(caseName);
        if (optimizer.matches()) {
            return optimizer(caseName, optimizer.group(1), Integer.parseInt(optimizer.group(2)) * 1_000_000,
                    Integer.parseInt(optimizer.group(3)), life);
        }
        Matcher operation = OPERATION.matcher(caseName);
        if (!operation.matches()) {
            return null;
        }
        Parameters parameters = new Parameters(caseName, true, Layout.channelsLast(caseName));
        Supplier<Tensor> call = call(operation.group(1), shape(operation.group(2)), parameters);
        if (call == null) {
            return null;
        }
        return operation.group(3).equals("f") ? forward(call, parameters, life) : both(call, parameters, life);
    }

    /** {@code 32x64x28x28-64} as numbers; {@code 4M} is 4096 rows of 1024. */
    private static int[] shape(String shape) {
        return shape.equals("4M")
                ? new int[] {4096, 1024}
                : Stream.of(shape.split("[x-]", -1)).mapToInt(Integer::parseInt).toArray();
    }

    private static Supplier<Tensor> call(String kind, int[] d, Parameters p) {
        Matcher convolution = CONVOLUTION.matcher(kind);
        if (convolution.matches()) {
            boolean depthwise = convolution.group(1).equals("depthwise");
            int stride = convolution.group(3) == null ? 1 : Integer.parseInt(convolution.group(3));
            return unary(p.conv("", d[1], depthwise ? d[1] : d[4], Integer.parseInt(convolution.group(2)), stride,
                    depthwise ? d[1] : 1, true), p, d[0], d[1], d[2], d[3]);
        }
        return switch (kind) {
            case "matmul" -> {
                Tensor a = p.trained(p.data("a", d[0], d[1]));
                Tensor b = p.trained(p.data("b", d[1], d[2]));
                yield () -> matmul(a, b);
            }
            case "bmm" -> {
                Tensor a = p.trained(p.data("a", d[0], d[1], d[2]));
                Tensor b = p.trained(p.data("b", d[0], d[2], d[3]));
                yield () -> bmm(a, b);
            }
            case "add" -> {
                Tensor a = p.trained(p.data("a", d[0], d[1]));
                Tensor b = p.trained(p.data("b", d[0], d[1]));
                yield () -> a.add(b);
            }
            case "attention" -> {
                Tensor q = p.trained(p.data("q", d[0], d[1], d[2], d[3]));
                Tensor k = p.trained(p.data("k", d[0], d[1], d[2], d[3]));
                Tensor v = p.trained(p.data("v", d[0], d[1], d[2], d[3]));
                Workloads.Attention attention = Workloads.causalAttention();
                yield () -> attention.of(q, k, v);
            }
            case "cross-entropy" -> {
                Tensor labels = p.labels("y", d[1], d[0]);
                yield unary(x -> cross_entropy_loss(x, labels), p, d[0], d[1]);
            }
            case "linear" -> unary(p.dense("", d[1], d[2]), p, d[0], d[1]);
            case "softmax" -> unary(x -> softmax(x, 1), p, d[0], d[1]);
            case "batchnorm" -> unary(p.batchNorm(d[1]), p, longs(d));
            case "layernorm" -> unary(p.layerNorm(d[1]), p, d[0], d[1]);
            case "maxpool2" -> unary(Workloads::maxPool, p, longs(d));
            case "relu" -> unary(x -> relu(x), p, d[0], d[1]);
            case "gelu" -> unary(x -> gelu(x), p, d[0], d[1]);
            case "dropout" -> unary(x -> dropout(x, 0.5, true), p, d[0], d[1]);
            default -> null;
        };
    }

    private static Supplier<Tensor> unary(UnaryOperator<Tensor> operation, Parameters p, long... shape) {
        Tensor x = p.trained(p.data("x", shape));
        return () -> operation.apply(x);
    }

    private static long[] longs(int[] shape) {
        return IntStream.of(shape).asLongStream().toArray();
    }

    /** Without autograd: nothing needs a gradient. */
    private static Work forward(Supplier<Tensor> call, Parameters parameters, PointerScope life) {
        parameters.list().forEach(tensor -> tensor.requires_grad_(false));
        return work(() -> call.get().close(), life);
    }

    /**
     * Forward, then backward from a gradient of ones; the gradients are dropped, so that none is added to an old one.
     */
    private static Work both(Supplier<Tensor> call, Parameters parameters, PointerScope life) {
        List<Tensor> inputs = parameters.list();
        Tensor gradient = torch_ones_like(call.get().detach());
        BoolOptional retainGraph = new BoolOptional(false);
        TensorArrayRefOptional allLeaves = new TensorArrayRefOptional();
        return work(() -> {
            try (PointerScope scope = new PointerScope()) {
                call.get().backward(gradient, retainGraph, false, allLeaves);
                for (Tensor input : inputs) {
                    input.mutable_grad().reset();
                }
            }
        }, life);
    }

    private static Work optimizer(String caseName, String kind, int size, int count, PointerScope life) {
        Parameters parameters = new Parameters(caseName, true, false);
        for (int i = 0; i < count; i++) {
            Tensor parameter = Tensor.create(Numbers.uniform(caseName + "/" + i, size / count, -1, 1), size / count);
            Tensor gradient = Tensor.create(Numbers.uniform(caseName + "/" + i + ".grad", size / count, -1, 1),
                    size / count);
            parameters.trained(parameter).mutable_grad().put(gradient);
        }
        Optimizer optimizer = kind.equals("adam")
                ? new Adam(parameters.all(), new AdamOptions(1e-3))
                : new AdamW(parameters.all(), new AdamWOptions(1e-3));
        return work(() -> optimizer.step().close(), life);
    }

    private static Work work(Runnable run, PointerScope life) {
        return new Work() {
            @Override
            public void run() {
                run.run();
            }

            @Override
            public void close() {
                life.close();
            }
        };
    }
}
