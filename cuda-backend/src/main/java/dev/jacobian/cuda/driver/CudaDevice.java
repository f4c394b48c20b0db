package dev.jacobian.cuda.driver;

/**
 * What a CUDA device is.
 *
 * @param ordinal its number, as in {@code cuda:0}
 * @param name what the maker calls it
 * @param computeCapability the architecture, for example 90 for 9.0
 * @param multiprocessors how many
 * @param totalBytes its memory
 */
public record CudaDevice(int ordinal, String name, int computeCapability, int multiprocessors, long totalBytes) {}
