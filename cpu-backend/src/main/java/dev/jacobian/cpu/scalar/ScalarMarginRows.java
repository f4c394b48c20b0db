package dev.jacobian.cpu.scalar;

import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.MarginRows;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Hinge loss of probabilities on scalars. */
final class ScalarMarginRows implements MarginRows {
    @Override
    public void losses(
            MemorySegment p,
            long pAt,
            MemorySegment label,
            long labelAt,
            long labelStep,
            float margin,
            MemorySegment loss,
            long lossAt,
            long lossStep,
            int rows,
            int n) {
        for (int row = 0; row < rows; row++) {
            long at = pAt + (long) row * n;
            int target = label.get(ValueLayout.JAVA_INT, (labelAt + row * labelStep) << 2);
            float own = Floats.get(p, at + target);
            double sum = 0;
            for (int i = 0; i < n; i++) {
                float hinge = Floats.get(p, at + i) - own + margin;
                sum += i == target || hinge <= 0 ? 0 : hinge;
            }
            Floats.set(loss, lossAt + row * lossStep, (float) sum);
        }
    }

    @Override
    public void gradients(
            MemorySegment p,
            long pAt,
            MemorySegment label,
            long labelAt,
            long labelStep,
            float margin,
            MemorySegment dloss,
            long dlossAt,
            long dlossStep,
            MemorySegment dx,
            long dxAt,
            int rows,
            int n) {
        for (int row = 0; row < rows; row++) {
            long at = pAt + (long) row * n;
            long to = dxAt + (long) row * n;
            int target = label.get(ValueLayout.JAVA_INT, (labelAt + row * labelStep) << 2);
            float own = Floats.get(p, at + target);
            int count = 0;
            double sum = 0;
            for (int i = 0; i < n; i++) {
                float value = Floats.get(p, at + i);
                if (i != target && value - own + margin > 0) {
                    count++;
                    sum += value;
                }
            }
            double shift = count * (double) own - sum;
            float scale = Floats.get(dloss, dlossAt + row * dlossStep);
            float active = (float) (1 + shift);
            float other = (float) shift;
            for (int i = 0; i < n; i++) {
                float value = Floats.get(p, at + i);
                Floats.set(dx, to + i, value * (value - own + margin > 0 ? active : other) * scale);
            }
            Floats.set(dx, to + target, own * (float) (shift - count) * scale);
        }
    }
}
