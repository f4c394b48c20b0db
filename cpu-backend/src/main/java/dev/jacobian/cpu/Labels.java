package dev.jacobian.cpu;

import dev.jacobian.backend.IndexRangeException;
import dev.jacobian.backend.View;
import java.lang.foreign.ValueLayout;

/** Class indices [N], int32. */
final class Labels {
    private Labels() {}

    static int get(View target, long i) {
        return Floats.memory(target).get(ValueLayout.JAVA_INT, (target.offset() + i * target.stride(0)) << 2);
    }

    /** Checks that every label but the ignored one is in 0..classes−1. */
    static void check(String operation, View target, int ignoreIndex, int classes) {
        for (long i = 0; i < target.size(); i++) {
            int label = get(target, i);
            if (label != ignoreIndex && (label < 0 || label >= classes)) {
                throw new IndexRangeException(operation, label, i, classes);
            }
        }
    }
}
