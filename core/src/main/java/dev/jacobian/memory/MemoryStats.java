package dev.jacobian.memory;

/**
 * What one device's memory is used for, in bytes of allocated blocks.
 *
 * @param active bytes that tensors use now
 * @param peak the largest number of active bytes since {@link MemoryPool#resetPeak}
 * @param cached bytes that are kept for reuse
 * @param reclaimed blocks that the garbage collector gave back, since no scope held them: tensors made outside of any
 *        scope, and dropped models
 */
public record MemoryStats(long active, long peak, long cached, long reclaimed) {}
