package dev.jacobian.testing;

import dev.jacobian.backend.AttentionKernel;
import dev.jacobian.backend.DType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Attention around the widths of vectors, tiles and blocks, causal and not, with more keys than queries and fewer. */
final class AttentionCases {
    private static final double INF = Double.POSITIVE_INFINITY;
    private static final double NAN = Double.NaN;

    private AttentionCases() {}

    static Stream<OpCase> all() {
        return Stream.of(OpCase.of("Attention", "", AttentionCases::attention).fusedBy(AttentionKernel.class),
                OpCase.of("SelfAttention", "", AttentionCases::selfAttention).fusedBy(AttentionKernel.class));
    }

    private static Stream<Sample> attention(Grid grid) {
        if (grid.equals(Grid.GRADIENT)) {
            return Stream.of(attention(1, 2, 3, 3, 2, true), attention(2, 1, 2, 4, 3, false),
                    attention(1, 1, 4, 2, 1, true), attention(1, 1, 2, 0, 2, false));
        }
        Stream<Sample> small = Stream.of(attention(2, 3, 4, 5, 6, false), attention(2, 3, 5, 4, 6, true),
                attention(1, 2, 4, 7, 3, true), attention(1, 1, 1, 1, 1, true), attention(3, 1, 7, 7, 1, true),
                attention(2, 2, 3, 0, 4, false), attention(2, 2, 3, 0, 4, true), attention(2, 2, 0, 3, 4, true),
                attention(0, 2, 3, 3, 4, false), attention(2, 0, 3, 3, 4, true), attention(1, 1, 1, 9, 5, false));
        Stream<Sample> more = grid.lengths().stream().filter(n -> n > 0 && n <= 65)
                .flatMap(n -> Stream.of(attention(1, 2, n, n, 8, true), attention(2, 1, n, 17, 3, false),
                        attention(1, 2, 5, n, 16, true), attention(1, 1, 9, 11, n, false)));
        Stream<Sample> large = grid.largest() < 1000
                ? Stream.of()
                : Stream.of(attention(2, 2, 130, 130, 32, true), attention(1, 2, 100, 131, 64, false),
                        attention(1, 1, 70, 600, 32, true), attention(1, 1, 600, 70, 33, true),
                        attention(1, 1, 33, 1100, 40, false), attention(1, 2, 65, 66, 150, true),
                        attention(1, 1, 1030, 1030, 8, true), attention(1, 1, 3, 5, 1030, false));
        Stream<Sample> drawn = Stream.of(small, more, large).flatMap(samples -> samples);
        return grid.specials() ? Stream.concat(drawn, hard()) : drawn;
    }

    private static Sample attention(int batch, int heads, int queries, int keys, int width, boolean causal) {
        return new Sample(
                "[" + batch + ", " + heads + ", " + queries + " to " + keys + ", " + width + "]"
                        + (causal ? ", causal" : ""),
                values -> values.get(0).scaledDotProductAttention(values.get(1), values.get(2), causal),
                List.of(Sample.Input.of(Domain.REAL, "q", batch, heads, queries, width),
                        Sample.Input.of(Domain.REAL, "k", batch, heads, keys, width),
                        Sample.Input.of(Domain.REAL, "v", batch, heads, keys, width)),
                forward(width), backward(width, queries), false);
    }

    /** A score is a sum of width terms up to 9, over √width; an error of it is one of the result, relatively. */
    private static Tolerance forward(int width) {
        return Tolerance.ulps(12 + 4 * Math.sqrt(width)).above(4);
    }

    /** Gradients of keys and values are sums over queries, of terms that are sums over the width themselves. */
    private static Tolerance backward(int width, int queries) {
        return Tolerance.ulps(12 + 4 * Math.sqrt(width)).above(16 * Math.sqrt(width) * Math.sqrt(1 + queries));
    }

    private static Stream<Sample> selfAttention(Grid grid) {
        if (grid.equals(Grid.GRADIENT)) {
            return Stream.of(selfAttention(2, 3, 2, 2, true), selfAttention(1, 2, 1, 3, false));
        }
        Stream<Sample> small = Stream.of(selfAttention(2, 5, 3, 4, false), selfAttention(2, 6, 1, 7, true),
                selfAttention(0, 3, 2, 2, true), selfAttention(2, 0, 2, 2, false), selfAttention(3, 1, 4, 1, true),
                selfAttention(2, 33, 2, 16, true));
        return grid.largest() < 1000
                ? small
                : Stream.concat(small, Stream.of(selfAttention(3, 64, 4, 32, true),
                        selfAttention(1, 90, 2, 64, false), selfAttention(2, 129, 3, 17, true)));
    }

    private static Sample selfAttention(int batch, int tokens, int heads, int width, boolean causal) {
        return new Sample(
                "[" + batch + ", " + tokens + ", " + heads + " heads of " + width + "]" + (causal ? ", causal" : ""),
                values -> values.getFirst().selfAttention(heads, causal),
                List.of(Sample.Input.of(Domain.REAL, "packed", batch, tokens, 3 * heads * width)), forward(width),
                backward(width, tokens), false);
    }

    /**
     * Scores that are not finite or far apart, of three queries and three keys. No mask hides what is not finite: whether
     * it counts there is left open.
     */
    private static Stream<Sample> hard() {
        return Stream.of(hard(false, new double[] {1, 2, NAN, 1, 3, -1}, new double[] {1, 0, 0, 1, 2, 1}),
                hard(false, new double[] {1, 2, 1, 1, 3, 1}, new double[] {1, -INF, 0, 1, 2, 1}),
                hard(false, new double[] {1, 2, 1, 1, 3, 1}, new double[] {-INF, -INF, -INF, -1, -1, -INF}),
                hard(false, new double[] {1, 2, 1, -1, 3, 1}, new double[] {1, INF, 0, 1, 2, 1}),
                hard(true, new double[] {1, 2, 1, 1, NAN, 1}, new double[] {0, 0, 0, 1, 2, 1}),
                hard(false, new double[] {1000, 2000, 1, -1, 0, 0}, new double[] {500, -300, 0, 1, 1000, 1}),
                hard(true, new double[] {1000, 2000, 1, -1, 0, 0}, new double[] {500, -300, 0, 1, 1000, 1}));
    }

    private static Sample hard(boolean causal, double[] queries, double[] keys) {
        return new Sample(
                "special " + Arrays.toString(queries) + " to " + Arrays.toString(keys) + (causal ? ", causal" : ""),
                values -> values.get(0).scaledDotProductAttention(values.get(1), values.get(2), 1, causal),
                List.of(Sample.Input.of(DType.FLOAT32, queries).shaped(1, 1, 3, 2),
                        Sample.Input.of(DType.FLOAT32, keys).shaped(1, 1, 3, 2),
                        Sample.Input.of(Domain.REAL, "v", 1, 1, 3, 2)),
                Tolerance.ulps(16).above(4), Tolerance.ulps(16).above(4096), true);
    }
}
