package dev.jacobian.cpu;

import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;

/** Steps of the optimisers, each one pass over the parameter and its state. */
final class CpuOptimizers {
    private final Parallel team;
    private final UpdateRows rows;

    CpuOptimizers(Parallel team, UpdateRows rows) {
        this.team = team;
        this.rows = rows;
    }

    void adam(View parameter, View gradient, View m, View v, double beta1, double beta2, double epsilon,
            double weightDecay, boolean decoupled, View scalars) {
        double rate = scalar(scalars, 0);
        UpdateRows.Adam step = new UpdateRows.Adam(
                (float) beta1,
                (float) (1 - beta1),
                (float) beta2,
                (float) (1 - beta2),
                (float) epsilon,
                decoupled ? 0 : (float) weightDecay,
                decoupled ? (float) (1 - rate * weightDecay) : 1,
                scalar(scalars, 1),
                (float) (rate / scalar(scalars, 2)),
                (float) Math.sqrt(scalar(scalars, 3)));
        MemorySegment p = Floats.memory(parameter);
        MemorySegment g = Floats.memory(gradient);
        MemorySegment first = Floats.memory(m);
        MemorySegment second = Floats.memory(v);
        Ranges.run(team, parameter.size(), (from, to) -> rows.adam(step, p, parameter.offset() + from, g,
                gradient.offset() + from, first, m.offset() + from, second, v.offset() + from,
                Math.toIntExact(to - from)));
    }

    void sgd(View parameter, View gradient, View velocity, double momentum, double weightDecay, boolean nesterov,
            View scalars) {
        UpdateRows.Sgd step = new UpdateRows.Sgd((float) momentum, (float) weightDecay, nesterov, scalar(scalars, 1),
                scalar(scalars, 0));
        MemorySegment p = Floats.memory(parameter);
        MemorySegment g = Floats.memory(gradient);
        if (velocity == null) {
            Ranges.run(team, parameter.size(), (from, to) -> rows.sgd(step, p, parameter.offset() + from, g,
                    gradient.offset() + from, Math.toIntExact(to - from)));
        } else {
            MemorySegment state = Floats.memory(velocity);
            Ranges.run(team, parameter.size(), (from, to) -> rows.momentum(step, p, parameter.offset() + from, g,
                    gradient.offset() + from, state, velocity.offset() + from, Math.toIntExact(to - from)));
        }
    }

    private static float scalar(View scalars, int i) {
        return Floats.get(Floats.memory(scalars), scalars.offset() + i * scalars.stride(0));
    }
}
