package dev.jacobian.benchmarks.kernel;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.backend.View;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Elementwise functions against a plain copy of the same bytes: a unary function reads and writes as much as it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class ElementwiseBenchmark {
    /** From what fits in the nearest cache to what fits in none. */
    @Param({"4096", "65536", "4194304"})
    public int size;

    private Backend backend;
    private View a;
    private View b;
    private View out;
    private View mask;
    private View square;
    private View bias;

    /** Makes the operands. */
    @Setup
    public void setUp() {
        backend = Copies.backend();
        a = Copies.numbers(backend, size);
        b = Copies.numbers(backend, size);
        out = Copies.floats(size);
        mask = Copies.zeros(DType.BOOL, size);
        square = a.reshape(Shape.of(size / 64, 64));
        bias = Copies.numbers(backend, 64).expand(square.shape());
    }

    /** What the others are held against. */
    @Benchmark
    public void copy() {
        Copies.copy(a, out);
    }

    /** max(x, 0). */
    @Benchmark
    public void relu() {
        backend.unary(UnaryOp.RELU, a, out);
    }

    /** eˣ. */
    @Benchmark
    public void exp() {
        backend.unary(UnaryOp.EXP, a, out);
    }

    /** tanh x. */
    @Benchmark
    public void tanh() {
        backend.unary(UnaryOp.TANH, a, out);
    }

    /** erf x. */
    @Benchmark
    public void erf() {
        backend.unary(UnaryOp.ERF, a, out);
    }

    /** sin x. */
    @Benchmark
    public void sin() {
        backend.unary(UnaryOp.SIN, a, out);
    }

    /** a + b, which moves half as much again as a copy. */
    @Benchmark
    public void add() {
        backend.binary(BinaryOp.ADD, a, b, out);
    }

    /** A row of 64 added to every row. */
    @Benchmark
    public void addRow() {
        backend.binary(BinaryOp.ADD, square, bias, out.reshape(square.shape()));
    }

    /** a to the power of 2.5. */
    @Benchmark
    public void pow() {
        backend.binary(BinaryOp.POW, a, 2.5, out);
    }

    /** a &gt; b as bytes. */
    @Benchmark
    public void greater() {
        backend.compare(CompareOp.GT, a, b, mask);
    }

    /** A choice by bytes. */
    @Benchmark
    public void where() {
        backend.where(mask, a, b, out);
    }
}
