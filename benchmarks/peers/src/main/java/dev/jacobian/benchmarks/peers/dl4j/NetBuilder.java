package dev.jacobian.benchmarks.peers.dl4j;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Strings layers together. Those that have weights bear the names of the benchmark's numbers. */
final class NetBuilder {
    private static final String INPUT = "input";

    private final GraphBuilder graph;
    private String last = INPUT;
    private int unnamed;

    NetBuilder(IUpdater updater, InputType input) {
        graph = new NeuralNetConfiguration.Builder().updater(updater).graphBuilder().addInputs(INPUT)
                .setInputTypes(input);
    }

    /** The name of the layer that the next one follows. */
    String last() {
        return last;
    }

    NetBuilder from(String layer) {
        last = layer;
        return this;
    }

    NetBuilder dense(String name, int out, Activation activation) {
        return layer(name, new DenseLayer.Builder().nOut(out).activation(activation).build());
    }

    /** A square kernel, padded by half its width. */
    NetBuilder conv(String name, int out, int kernel, int stride, boolean bias) {
        return layer(name, new ConvolutionLayer.Builder(kernel, kernel).nOut(out).stride(stride, stride)
                .padding(kernel / 2, kernel / 2).convolutionMode(ConvolutionMode.Truncate).hasBias(bias)
                .activation(Activation.IDENTITY).build());
    }

    NetBuilder batchNorm() {
        return layer(unnamed(), new BatchNormalization.Builder().build());
    }

    NetBuilder relu() {
        return layer(unnamed(), new ActivationLayer(Activation.RELU));
    }

    NetBuilder maxPool() {
        return layer(unnamed(), new SubsamplingLayer.Builder(PoolingType.MAX).kernelSize(2, 2).stride(2, 2).build());
    }

    NetBuilder globalAveragePool() {
        return layer(unnamed(), new GlobalPoolingLayer(PoolingType.AVG));
    }

    NetBuilder add(String a, String b) {
        String name = unnamed();
        graph.addVertex(name, new ElementWiseVertex(ElementWiseVertex.Op.Add), a, b);
        return from(name);
    }

    NetBuilder classes(String name, int classes) {
        return output(name, LossFunction.MCXENT, classes, Activation.SOFTMAX);
    }

    NetBuilder squaredError(String name, int out) {
        return output(name, LossFunction.MSE, out, Activation.IDENTITY);
    }

    private NetBuilder output(String name, LossFunction loss, int out, Activation activation) {
        layer(name, new OutputLayer.Builder(loss).nOut(out).activation(activation).build());
        graph.setOutputs(name);
        return this;
    }

    private NetBuilder layer(String name, Layer layer) {
        graph.addLayer(name, layer, last);
        return from(name);
    }

    private String unnamed() {
        return "unnamed" + unnamed++;
    }

    ComputationGraph build() {
        ComputationGraph net = new ComputationGraph(graph.build());
        net.init();
        return net;
    }
}
