/**
 * Neural networks: tensors, automatic differentiation, layers, losses, optimisers, training. What computes is a backend,
 * found at run time; this module depends on nothing.
 */
module dev.jacobian.core {
    exports dev.jacobian.autograd;
    exports dev.jacobian.backend;
    exports dev.jacobian.data;
    exports dev.jacobian.graph;
    exports dev.jacobian.io;
    exports dev.jacobian.loss;
    exports dev.jacobian.memory;
    exports dev.jacobian.nn;
    exports dev.jacobian.nn.init;
    exports dev.jacobian.optim;
    exports dev.jacobian.tensor;
    exports dev.jacobian.train;

    uses dev.jacobian.backend.BackendProvider;
    uses dev.jacobian.train.ProgressView;
}
