package dev.jacobian.benchmarks;

/**
 * One kernel at one size.
 *
 * @param name the operation and its shape
 * @param bytes what it must at least read and write; 0 where arithmetic is the limit
 * @param flops additions and multiplications; 0 where memory is the limit
 * @param work one launch
 */
record KernelCase(String name, double bytes, double flops, Runnable work) {
    static KernelCase ofBytes(String name, double bytes, Runnable work) {
        return new KernelCase(name, bytes, 0, work);
    }

    static KernelCase ofFlops(String name, double flops, Runnable work) {
        return new KernelCase(name, 0, flops, work);
    }
}
