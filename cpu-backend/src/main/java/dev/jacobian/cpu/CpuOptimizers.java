package dev.jacobian.cpu;

import dev.jacobian.backend.View;
import java.util.List;

/** Steps of the optimisers, each one pass over the parameters and their state. */
final class CpuOptimizers {
    private final Parallel team;
    private final UpdateRows rows;

    CpuOptimizers(Parallel team, UpdateRows rows) {
        this.team = team;
        this.rows = rows;
    }

    void adam(List<View> parameters, List<View> gradients, List<View> m, List<View> v, double beta1, double beta2,
            double epsilon, double weightDecay, boolean decoupled, View scalars) {
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
        Ranges.run(team, parameters, (i, from, to) -> {
            View p = parameters.get(i);
            View g = gradients.get(i);
            View first = m.get(i);
            View second = v.get(i);
            rows.adam(step, Floats.memory(p), p.offset() + from, Floats.memory(g), g.offset() + from,
                    Floats.memory(first), first.offset() + from, Floats.memory(second), second.offset() + from,
                    Math.toIntExact(to - from));
        });
    }

    void sgd(List<View> parameters, List<View> gradients, List<View> velocities, double momentum, double weightDecay,
            boolean nesterov, View scalars) {
        UpdateRows.Sgd step = new UpdateRows.Sgd((float) momentum, (float) weightDecay, nesterov, scalar(scalars, 1),
                scalar(scalars, 0));
        Ranges.run(team, parameters, (i, from, to) -> {
            View p = parameters.get(i);
            View g = gradients.get(i);
            int n = Math.toIntExact(to - from);
            if (velocities.isEmpty()) {
                rows.sgd(step, Floats.memory(p), p.offset() + from, Floats.memory(g), g.offset() + from, n);
            } else {
                View velocity = velocities.get(i);
                rows.momentum(step, Floats.memory(p), p.offset() + from, Floats.memory(g), g.offset() + from,
                        Floats.memory(velocity), velocity.offset() + from, n);
            }
        });
    }

    private static float scalar(View scalars, int i) {
        return Floats.get(Floats.memory(scalars), scalars.offset() + i * scalars.stride(0));
    }
}
