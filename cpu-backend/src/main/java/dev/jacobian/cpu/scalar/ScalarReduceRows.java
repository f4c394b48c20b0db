package dev.jacobian.cpu.scalar;

import dev.jacobian.backend.ReduceOp;
import dev.jacobian.cpu.Floats;
import dev.jacobian.cpu.ReduceRows;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Reductions on scalars. Sums of a run are made in double precision: it costs nothing here. */
final class ScalarReduceRows implements ReduceRows {
    @Override
    public float run(ReduceOp op, MemorySegment x, long at, int n) {
        if (op == ReduceOp.SUM) {
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += Floats.get(x, at + i);
            }
            return (float) sum;
        }
        float best = Floats.get(x, at);
        for (int i = 1; i < n; i++) {
            best = extreme(op, best, Floats.get(x, at + i));
        }
        return best;
    }

    private static float extreme(ReduceOp op, float a, float b) {
        return op == ReduceOp.MAX ? Math.max(a, b) : Math.min(a, b);
    }

    @Override
    public void columns(ReduceOp op, MemorySegment x, long at, long rowStep, int rows, float[] out, int columns) {
        for (int c = 0; c < columns; c++) {
            out[c] = Floats.get(x, at + c);
        }
        for (int row = 1; row < rows; row++) {
            long place = at + row * rowStep;
            if (op == ReduceOp.SUM) {
                for (int c = 0; c < columns; c++) {
                    out[c] += Floats.get(x, place + c);
                }
            } else {
                for (int c = 0; c < columns; c++) {
                    out[c] = extreme(op, out[c], Floats.get(x, place + c));
                }
            }
        }
    }

    @Override
    public float squares(MemorySegment x, long at, int n, float center) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double difference = (double) Floats.get(x, at + i) - center;
            sum += difference * difference;
        }
        return (float) sum;
    }

    @Override
    public void columnSquares(
            MemorySegment x, long at, long rowStep, int rows, float[] center, float[] out, int columns) {
        Arrays.fill(out, 0, columns, 0);
        for (int row = 0; row < rows; row++) {
            long place = at + row * rowStep;
            for (int c = 0; c < columns; c++) {
                float difference = Floats.get(x, place + c) - center[c];
                out[c] += difference * difference;
            }
        }
    }
}
