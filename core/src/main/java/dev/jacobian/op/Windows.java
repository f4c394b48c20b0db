package dev.jacobian.op;

import dev.jacobian.backend.Window2d;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.tensor.Tensor;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/** What the definitions of convolutions and poolings share. Their intermediate results are let go of as they are used. */
final class Windows {
    private Windows() {}

    /** A plane's last two axes between values that are not its own. */
    static Tensor padded(Tensor x, Window2d window, double value) {
        return scoped(() -> padded(padded(x, 2, window.paddingH(), value), 3, window.paddingW(), value));
    }

    private static Tensor padded(Tensor x, int axis, int length, double value) {
        return length == 0 ? x : x.pad(axis, length, length, value);
    }

    /** One element of the window at each of its positions along an axis. */
    static Tensor tap(Tensor padded, int axis, int index, int stride, int positions) {
        return padded.slice(axis, index, index + (positions - 1) * stride + 1, stride);
    }

    /** The sum of some terms, in pairs, so that few are there at a time and rounding errors grow slowly. */
    static Tensor sum(int from, int to, IntFunction<Tensor> term) {
        int middle = (from + to) >>> 1;
        return scoped(
                () -> to - from == 1 ? term.apply(from) : sum(from, middle, term).add(sum(middle, to, term)));
    }

    /** Lets go of what a computation made on the way, but for what the tape saved. */
    static Tensor scoped(Supplier<Tensor> computation) {
        try (var _ = MemoryScope.openFrame("of a decomposition")) {
            return MemoryScope.keepResult(computation.get());
        }
    }
}
