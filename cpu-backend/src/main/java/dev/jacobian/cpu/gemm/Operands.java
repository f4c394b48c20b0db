package dev.jacobian.cpu.gemm;

/** The operands of a batch of products of one shape. */
final class Operands {

    private final int m;
    private final int n;
    private final int k;
    private final Matrix a;
    private final long[] aOffsets;
    private final Matrix b;
    private final long[] bOffsets;
    private final Matrix c;
    private final long[] cOffsets;
    private final Matrix addend;

    Operands(int m, int n, int k, Matrix a, long[] aOffsets, Matrix b, long[] bOffsets, Matrix c, long[] cOffsets,
            Matrix addend) {
        this.m = m;
        this.n = n;
        this.k = k;
        this.a = a;
        this.aOffsets = aOffsets;
        this.b = b;
        this.bOffsets = bOffsets;
        this.c = c;
        this.cOffsets = cOffsets;
        this.addend = addend;
    }

    int m() {
        return m;
    }

    int n() {
        return n;
    }

    int k() {
        return k;
    }

    int batch() {
        return cOffsets.length;
    }

    /** Whether the products are added to what C holds. */
    boolean accumulate() {
        return c.equals(addend);
    }

    /** What the products are added to: C, a matrix for all of them, or null for nothing. */
    Matrix addend() {
        return addend;
    }

    Matrix a() {
        return a;
    }

    Matrix b() {
        return b;
    }

    Matrix c() {
        return c;
    }

    /** Where product {@code i}'s A begins, in elements. */
    long aOffset(int i) {
        return a.offset() + aOffsets[i];
    }

    /** Where product {@code i}'s B begins, in elements. */
    long bOffset(int i) {
        return b.offset() + bOffsets[i];
    }

    /** Where product {@code i}'s C begins, in elements. */
    long cOffset(int i) {
        return c.offset() + cOffsets[i];
    }

    /** The transposed products, Cᵀ = Bᵀ·Aᵀ. */
    Operands transposed() {
        return new Operands(n, m, k, b.transpose(), bOffsets, a.transpose(), aOffsets, c.transpose(), cOffsets,
                addend == null ? null : addend.transpose());
    }

    /** Product {@code i} alone. */
    Operands only(int i) {
        return new Operands(m, n, k, a, new long[] {aOffsets[i]}, b, new long[] {bOffsets[i]}, c,
                new long[] {cOffsets[i]}, addend);
    }
}
