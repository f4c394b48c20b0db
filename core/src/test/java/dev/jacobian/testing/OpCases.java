package dev.jacobian.testing;

import java.util.List;
import java.util.stream.Stream;

/**
 * Every operation in one table: how it is called, with what, and how exact it must be. Gradient checks and the comparison
 * of backends run over it, and an operation without an entry fails a test.
 */
public final class OpCases {
    private static final List<OpCase> ALL = Stream.of(UnaryCases.all(), BinaryCases.all(), CompareCases.all(),
            ReduceCases.all(), ShapeCases.all(), ProductCases.all(), FusedCases.all(), ConvolutionCases.all(),
            AttentionCases.all(), CompositeCases.all())
            .flatMap(cases -> cases).toList();

    private OpCases() {}

    /** The table. */
    public static List<OpCase> all() {
        return ALL;
    }

    /** The operations that have gradients to be checked. */
    public static Stream<OpCase> smooth() {
        return ALL.stream().filter(OpCase::smooth);
    }

    /** The operations that backends may run as one kernel. */
    public static Stream<OpCase> fused() {
        return ALL.stream().filter(op -> op.kernel() != null);
    }
}
