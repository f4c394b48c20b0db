package dev.jacobian.testing;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.DeviceBuffer;
import dev.jacobian.backend.Distribution;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;

/** A backend that hands everything to another, for tests that change one thing. */
public class DelegatingBackend implements Backend {
    private final Backend target;

    /** Makes one that hands everything to a backend. */
    public DelegatingBackend(Backend target) {
        this.target = target;
    }

    @Override
    public String name() {
        return target.name();
    }

    @Override
    public String describe() {
        return target.describe();
    }

    @Override
    public boolean supports(DType dtype) {
        return target.supports(dtype);
    }

    @Override
    public <K> K kernel(Class<K> kind, DType dtype) {
        return target.kernel(kind, dtype);
    }

    @Override
    public DeviceBuffer allocate(long bytes) {
        return target.allocate(bytes);
    }

    @Override
    public void free(DeviceBuffer buffer) {
        target.free(buffer);
    }

    @Override
    public void upload(MemorySegment source, DeviceBuffer destination, long targetOffset) {
        target.upload(source, destination, targetOffset);
    }

    @Override
    public void download(DeviceBuffer source, long sourceOffset, MemorySegment destination) {
        target.download(source, sourceOffset, destination);
    }

    @Override
    public void synchronize() {
        target.synchronize();
    }

    @Override
    public void fill(double value, View out) {
        target.fill(value, out);
    }

    @Override
    public void copy(View x, View out) {
        target.copy(x, out);
    }

    @Override
    public void unary(UnaryOp op, View x, View out) {
        target.unary(op, x, out);
    }

    @Override
    public void binary(BinaryOp op, View a, View b, View out) {
        target.binary(op, a, b, out);
    }

    @Override
    public void binary(BinaryOp op, View a, double b, View out) {
        target.binary(op, a, b, out);
    }

    @Override
    public void compare(CompareOp op, View a, View b, View out) {
        target.compare(op, a, b, out);
    }

    @Override
    public void where(View condition, View a, View b, View out) {
        target.where(condition, a, b, out);
    }

    @Override
    public void reduce(ReduceOp op, View x, View out) {
        target.reduce(op, x, out);
    }

    @Override
    public void argReduce(ReduceOp op, View x, int axis, View out) {
        target.argReduce(op, x, axis, out);
    }

    @Override
    public void matmul(View a, View b, View out, boolean accumulate) {
        target.matmul(a, b, out, accumulate);
    }

    @Override
    public void gather(View x, int axis, View index, View out) {
        target.gather(x, axis, index, out);
    }

    @Override
    public void scatterAdd(View x, int axis, View index, View out) {
        target.scatterAdd(x, axis, index, out);
    }

    @Override
    public void random(Distribution distribution, RandomKey key, View out) {
        target.random(distribution, key, out);
    }
}
