package dev.jacobian.cpu;

import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.Philox;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Random fills and dropout: pure functions of the key, with the same bits for any number of threads. */
final class CpuRandom {
    /** Elements for which words are drawn at once; a multiple of four for each of {@link UpdateRows#BLOCKS} blocks. */
    private static final int BATCH = 1024;

    private final Parallel team;
    private final UpdateRows rows;
    private final CpuCopy copy;

    CpuRandom(Parallel team, UpdateRows rows, CpuCopy copy) {
        this.team = team;
        this.rows = rows;
        this.copy = copy;
    }

    void random(Distribution distribution, RandomKey key, View out) {
        MemorySegment to = Floats.memory(out);
        draw(key, out.size(), (first, n, words) -> {
            for (int i = 0; i < n; i++) {
                float value = switch (distribution) {
                    case UNIFORM -> Philox.uniform(words[i]);
                    case NORMAL -> Philox.normal(words[i]);
                };
                Typed.set(out.dtype(), to, out.offset() + first + i, value);
            }
        });
    }

    void dropout(View x, double p, RandomKey key, View y) {
        View input = x;
        if (!x.isContiguous()) {
            copy.copy(x, y);
            input = y;
        }
        MemorySegment from = Floats.memory(input);
        MemorySegment to = Floats.memory(y);
        long offset = input.offset();
        float probability = (float) p;
        // A uniform number k · 2⁻²⁴ is at least p just where k is at least p · 2²⁴ rounded up; both are exact.
        int threshold = (int) Math.ceil(probability * 0x1p24);
        float keep = 1 - probability;
        draw(key, y.size(), (first, n, words) -> rows.dropout(from, offset + first, to, y.offset() + first, n, words,
                threshold, keep));
    }

    @FunctionalInterface
    private interface Drawn {
        void run(long first, int n, int[] words);
    }

    private void draw(RandomKey key, long size, Drawn body) {
        View step = key.step();
        int number = Floats.memory(step).get(ValueLayout.JAVA_INT, step.offset() << 2);
        int[] counter = {
                number, (int) key.stream(), (int) (key.stream() >>> 32), (int) key.seed(), (int) (key.seed() >>> 32)
        };
        Ranges.run(team, Math.ceilDiv(size, BATCH), BATCH, (from, to) -> {
            int[] words = new int[BATCH];
            for (long batch = from; batch < to; batch++) {
                long first = batch * BATCH;
                int n = (int) Math.min(BATCH, size - first);
                int blocks = Math.ceilDiv(n, 4 * UpdateRows.BLOCKS) * UpdateRows.BLOCKS;
                rows.philox(counter, (int) (first / 4), blocks, words);
                body.run(first, n, words);
            }
        });
    }
}
