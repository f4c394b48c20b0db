package dev.jacobian.testing;

import java.util.function.Function;
import java.util.stream.Stream;

/**
 * One operation in the table: how to call it, and with what.
 *
 * @param op the simple name of its record in {@code dev.jacobian.op}, or {@code Tensor} for what is made of others
 * @param variant which of the op's functions; empty if it has one
 * @param kernel the kernel that a backend may run it with; null for primitives
 * @param smooth whether its gradient can be held against finite differences
 * @param samples calls over a grid of shapes
 */
public record OpCase(String op, String variant, Class<?> kernel, boolean smooth,
        Function<Grid, Stream<Sample>> samples) {
    static OpCase of(String op, String variant, Function<Grid, Stream<Sample>> samples) {
        return new OpCase(op, variant, null, true, samples);
    }

    /** This operation, whose result has no gradient. */
    OpCase withoutGradient() {
        return new OpCase(op, variant, kernel, false, samples);
    }

    /** This operation, which a backend may run as one kernel. */
    OpCase fusedBy(Class<?> kind) {
        return new OpCase(op, variant, kind, smooth, samples);
    }

    /** Small calls of functions that have gradients: those whose result is of a floating type. */
    public Stream<Sample> gradientSamples() {
        return samples.apply(Grid.GRADIENT)
                .filter(sample -> sample.inputs().stream().anyMatch(input -> input.dtype().isFloating()));
    }

    @Override
    public String toString() {
        return variant.isEmpty() ? op : op + " " + variant;
    }
}
