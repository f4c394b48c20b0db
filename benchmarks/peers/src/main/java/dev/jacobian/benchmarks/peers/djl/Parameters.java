package dev.jacobian.benchmarks.peers.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.Pair;
import dev.jacobian.benchmarks.worker.Numbers;
import java.util.stream.IntStream;

/**
 * Blocks that begin with the benchmark's {@link Numbers}, and its data.
 *
 * @param caseName the first part of the names of the numbers
 */
record Parameters(String caseName) {
    NDArray data(NDManager manager, String name, Shape shape) {
        return manager.create(Numbers.normal(caseName + "/" + name, Math.toIntExact(shape.size()), 1), shape);
    }

    NDArray labels(NDManager manager, String name, int classes, Shape shape) {
        int[] labels = Numbers.labels(caseName + "/" + name, Math.toIntExact(shape.size()), classes);
        return manager.create(IntStream.of(labels).asLongStream().toArray(), shape);
    }

    Parameter embedding(String name, Shape shape) {
        Initializer normal = (manager, s, type) -> manager
                .create(Numbers.normal(caseName + "/" + name, Math.toIntExact(s.size()), 0.02f), s);
        return Parameter.builder().setName(name).setType(Parameter.Type.WEIGHT).optShape(shape).optInitializer(normal)
                .build();
    }

    Block dense(String name, int in, int out) {
        return initialized(Linear.builder().setUnits(out).build(), name, in);
    }

    /** A square kernel, padded by half its width. */
    Block conv(String name, int in, int out, int kernel, int stride, boolean bias) {
        Block block = Conv2d.builder().setKernelShape(new Shape(kernel, kernel)).setFilters(out)
                .optPadding(new Shape(kernel / 2, kernel / 2)).optStride(new Shape(stride, stride)).optBias(bias)
                .build();
        return initialized(block, name, in * kernel * kernel);
    }

    private Block initialized(Block block, String name, int fanIn) {
        for (Pair<String, Parameter> parameter : block.getDirectParameters()) {
            String full = caseName + "/" + name + "." + parameter.getKey();
            parameter.getValue().setInitializer((manager, shape, type) -> manager
                    .create(Numbers.weight(full, Math.toIntExact(shape.size()), fanIn), shape));
        }
        return block;
    }
}
