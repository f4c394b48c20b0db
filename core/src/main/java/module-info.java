/**
 * Neural networks: tensors, automatic differentiation, layers, losses, optimisers, training. What computes is a backend,
 * found at run time; this module depends on nothing.
 */
module dev.jacobian.core {
    exports dev.jacobian.autograd;
    exports dev.jacobian.backend;
    exports dev.jacobian.memory;
    exports dev.jacobian.tensor;

    uses dev.jacobian.backend.BackendProvider;
}
