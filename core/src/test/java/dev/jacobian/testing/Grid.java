package dev.jacobian.testing;

import java.util.List;
import java.util.stream.Stream;

/**
 * The shapes that operations are tried at.
 *
 * @param lengths of vectors and rows
 * @param shapes of more axes, or of none
 * @param specials whether special numbers are tried too
 */
public record Grid(List<Integer> lengths, List<int[]> shapes, boolean specials) {
    private static final int[][] RANKS = {
            {}, {1, 1}, {3, 5}, {17, 33}, {64, 1}, {0, 3}, {3, 0}, {2, 3, 4}, {5, 1, 7}, {2, 3, 1, 5}, {3, 2, 2, 16}};

    /** Empty, single, around widths of vectors, odd, and long enough for several threads. */
    public static final Grid FULL = new Grid(
            List.of(0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000, 70_001), List.of(RANKS), true);

    /** For slow backends. */
    public static final Grid SMALL = new Grid(List.of(0, 1, 4, 17), List.of(RANKS), true);

    /** For finite differences, two evaluations an element. */
    public static final Grid GRADIENT = new Grid(List.of(0, 1, 5),
            List.of(new int[] {}, new int[] {3, 5}, new int[] {2, 1, 3}), false);

    /** Vectors and others. */
    Stream<int[]> all() {
        return Stream.concat(lengths.stream().map(length -> new int[] {length}), shapes.stream());
    }

    /** Those with at least so many axes. */
    Stream<int[]> ofRank(int least) {
        return all().filter(shape -> shape.length >= least);
    }

    /** Rows of every length, and columns of those that are not long. */
    Stream<int[]> matrices() {
        return lengths.stream().flatMap(length -> length > 1000
                ? Stream.of(new int[] {2, length})
                : Stream.of(new int[] {3, length}, new int[] {length, 3}));
    }

    /** The longest row that is not there for threads alone. */
    int largest() {
        return lengths.stream().mapToInt(length -> length).filter(length -> length <= 1000).max().orElse(0);
    }
}
