package dev.jacobian.cpu;

import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;

/** GELU, in one pass each way. */
final class CpuGelu {
    private final Parallel team;
    private final GeluRows rows;

    CpuGelu(Parallel team, GeluRows rows) {
        this.team = team;
        this.rows = rows;
    }

    void forward(View x, View y) {
        MemorySegment from = Floats.memory(x);
        MemorySegment to = Floats.memory(y);
        Ranges.run(team, x.size(), (first, last) -> rows.gelu(from, x.offset() + first, to, y.offset() + first,
                (int) (last - first)));
    }

    void backward(View x, View dy, View dx) {
        MemorySegment from = Floats.memory(x);
        MemorySegment gradient = Floats.memory(dy);
        MemorySegment to = Floats.memory(dx);
        Ranges.run(team, x.size(), (first, last) -> rows.geluBackward(from, x.offset() + first, gradient,
                dy.offset() + first, to, dx.offset() + first, (int) (last - first)));
    }
}
