package dev.jacobian.cpu.vector;

import static dev.jacobian.cpu.vector.Lanes.COUNT;
import static dev.jacobian.cpu.vector.Lanes.SPECIES;
import static dev.jacobian.cpu.vector.Lanes.all;
import static dev.jacobian.cpu.vector.Lanes.load;
import static dev.jacobian.cpu.vector.Lanes.store;

import dev.jacobian.cpu.NormRows;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Batch normalisation on vectors. */
final class VectorNormRows implements NormRows {
    @Override
    public void normalize(
            MemorySegment x, long xAt, MemorySegment y, long yAt, int n, float mean, float scale, float bias) {
        FloatVector means = all(mean);
        FloatVector scales = all(scale);
        FloatVector biases = all(bias);
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector centered = load(x, (xAt + i) << 2, tail).sub(means);
            store(Lanes.fma(centered, scales, biases), y, (yAt + i) << 2, tail);
        }
    }

    @Override
    public void normalize(
            MemorySegment x,
            long xAt,
            MemorySegment y,
            long yAt,
            int n,
            float[] mean,
            float[] scale,
            float[] bias,
            int at) {
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector centered = load(x, (xAt + i) << 2, tail)
                    .sub(FloatVector.fromArray(SPECIES, mean, at + i, tail));
            FloatVector scales = FloatVector.fromArray(SPECIES, scale, at + i, tail);
            FloatVector biases = FloatVector.fromArray(SPECIES, bias, at + i, tail);
            store(Lanes.fma(centered, scales, biases), y, (yAt + i) << 2, tail);
        }
    }

    @Override
    public void backward(
            MemorySegment x,
            long xAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float mean,
            float scale,
            float a,
            float b) {
        FloatVector means = all(mean);
        FloatVector minusB = all(-b);
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector centered = load(x, (xAt + i) << 2, tail).sub(means);
            FloatVector gradient = load(dy, (dyAt + i) << 2, tail).sub(a);
            store(Lanes.fma(centered, minusB, gradient).mul(scale), dx, (dxAt + i) << 2, tail);
        }
    }

    @Override
    public void backward(
            MemorySegment x,
            long xAt,
            MemorySegment dy,
            long dyAt,
            MemorySegment dx,
            long dxAt,
            int n,
            float[] mean,
            float[] scale,
            float[] a,
            float[] b,
            int at) {
        for (int i = 0; i < n; i += COUNT) {
            VectorMask<Float> tail = Lanes.tail(i, n);
            FloatVector centered = load(x, (xAt + i) << 2, tail)
                    .sub(FloatVector.fromArray(SPECIES, mean, at + i, tail));
            FloatVector gradient = load(dy, (dyAt + i) << 2, tail).sub(FloatVector.fromArray(SPECIES, a, at + i, tail));
            FloatVector minusB = FloatVector.fromArray(SPECIES, b, at + i, tail).neg();
            FloatVector scales = FloatVector.fromArray(SPECIES, scale, at + i, tail);
            store(Lanes.fma(centered, minusB, gradient).mul(scales), dx, (dxAt + i) << 2, tail);
        }
    }
}
