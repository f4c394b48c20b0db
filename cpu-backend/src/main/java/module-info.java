/**
 * The CPU backend of Jacobian in pure Java: kernels on the Vector API where its module is present, scalar ones of the
 * same names where it is not.
 */
module dev.jacobian.cpu {
    requires dev.jacobian.core;
    requires static jdk.incubator.vector;

    provides dev.jacobian.backend.BackendProvider with
            dev.jacobian.cpu.CpuProvider;
}
