package dev.jacobian.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Something to measure.
 *
 * @param name how every worker calls it
 * @param title one line
 * @param kind what it is
 * @param flops floating-point operations of a call; 0 where they are not its limit
 * @param bytes bytes that a call must read and write; 0 where they are not its limit
 * @param quick whether it is part of the quick run
 */
record BenchCase(String name, String title, Kind kind, double flops, double bytes, boolean quick) {
    /** What cases there are, in the order in which they are run. */
    enum Kind {
        /** What the machine can do. */
        LIMIT,
        /** Forward, loss, backward, update. */
        STEP,
        /** Forward. */
        INFERENCE,
        /** One operation. */
        OPERATION
    }

    private static final Set<String> QUICK = Set.of("matmul 1024x1024x1024 f", "conv3x3 32x64x28x28-64 fb",
            "softmax 4096x1024 f", "layernorm 4096x512 f", "maxpool2 32x64x28x28 f", "gelu 4M f", "dropout 4M f",
            "attention 16x4x128x32 fb", "adam 10M x100", "matmul 16x16x16 f");

    /** Every case. */
    static List<BenchCase> all(int threads) {
        List<BenchCase> all = new ArrayList<>();
        for (Limits limit : Limits.values()) {
            double amount = limit.amount(threads);
            all.add(new BenchCase(limit.title, limit.title, Kind.LIMIT, limit.bytes > 0 ? 0 : amount,
                    limit.bytes > 0 ? amount : 0, true));
        }
        Workload.ALL.forEach(step -> all.add(new BenchCase(step.name(), step.title(), Kind.STEP, 0, 0, true)));
        // The tiny network's inference would be nothing but calls, which two operations measure.
        Workload.ALL.stream().filter(step -> !step.name().equals("W5"))
                .map(step -> step.name() + JacobianLibrary.INFERENCE)
                .forEach(name -> all.add(new BenchCase(name, name, Kind.INFERENCE, 0, 0, false)));
        Operation.ALL.forEach(op -> all.add(new BenchCase(op.name(), op.name(), Kind.OPERATION, op.flops(),
                op.bytes(), QUICK.contains(op.name()))));
        return List.copyOf(all);
    }

    /** The limit that a case is held against; null if it has none. */
    Limits limit() {
        if (flops > 0) {
            return Limits.FMA;
        }
        // Twice that size, read and written, is what the smaller copy moves.
        return bytes == 0 ? null : bytes <= 4.0 * Limits.COPY_CACHE.bytes ? Limits.COPY_CACHE : Limits.COPY;
    }
}
