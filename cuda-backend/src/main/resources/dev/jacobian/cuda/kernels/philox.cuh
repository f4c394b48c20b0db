// Philox4x32-10 and the conversions of its words to floats: the same bits as dev.jacobian.backend.Philox, which
// explains the formulas. Every float operation is one that rounds to nearest and that the compiler does not contract.
#pragma once

// What a fill's numbers depend on; the step lies in device memory, so that a replayed launch stays random.
struct PhiloxKey {
    unsigned int seedLow;
    unsigned int seedHigh;
    unsigned int streamLow;
    unsigned int streamHigh;
};

struct PhiloxWords {
    unsigned int v[4];
};

// The four words of one block.
static __device__ __forceinline__ PhiloxWords philox(const PhiloxKey& key, unsigned int step, unsigned int block) {
    unsigned int c0 = block;
    unsigned int c1 = step;
    unsigned int c2 = key.streamLow;
    unsigned int c3 = key.streamHigh;
    unsigned int k0 = key.seedLow;
    unsigned int k1 = key.seedHigh;
#pragma unroll
    for (int round = 0; round < 10; round++) {
        unsigned int high0 = __umulhi(0xD2511F53u, c0);
        unsigned int low0 = 0xD2511F53u * c0;
        unsigned int high1 = __umulhi(0xCD9E8D57u, c2);
        unsigned int low1 = 0xCD9E8D57u * c2;
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return PhiloxWords{{c0, c1, c2, c3}};
}

// Uniform on [0, 1): a multiple of 2^-24.
static __device__ __forceinline__ float philoxUniform(unsigned int word) {
    return __fmul_rn((float) (word >> 8), 5.9604644775390625e-8f);
}

// a x + b, rounded twice.
static __device__ __forceinline__ float horner(float a, float x, float b) {
    return __fadd_rn(__fmul_rn(a, x), b);
}

// The natural logarithm of a positive normal float.
static __device__ __forceinline__ float philoxLog(float x) {
    int bits = __float_as_int(x);
    int exponent = (bits - 0x3F3504F3) >> 23;
    float m = __int_as_float(bits - exponent * (1 << 23));
    float s = __fdiv_rn(__fadd_rn(m, -1.0f), __fadd_rn(m, 1.0f));
    float z = __fmul_rn(s, s);
    float series = horner(horner(horner(horner(0.11111111f, z, 0.14285715f), z, 0.2f), z, 0.33333334f), z, 1.0f);
    return __fadd_rn(__fmul_rn((float) exponent, 0.6931472f), __fmul_rn(2.0f, __fmul_rn(s, series)));
}

// Standard normal: the quantile of ((word >> 8) + 1/2) 2^-24 by Wichura's PPND7.
static __device__ __forceinline__ float philoxNormal(unsigned int word) {
    int odd = 2 * (int) (word >> 8) + 1 - (1 << 24);
    float q = __fmul_rn((float) odd, 2.98023223876953125e-8f);
    if (fabsf(q) <= 0.425f) {
        float r = __fadd_rn(0.180625f, -__fmul_rn(q, q));
        float num = horner(horner(horner(59.109375f, r, 159.29114f), r, 50.434273f), r, 3.3871326f);
        float den = horner(horner(horner(67.18756f, r, 78.75776f), r, 17.89517f), r, 1.0f);
        return __fmul_rn(q, __fdiv_rn(num, den));
    }
    float tail = __fmul_rn((float) ((1 << 24) - (odd < 0 ? -odd : odd)), 2.98023223876953125e-8f);
    float r = __fadd_rn(__fsqrt_rn(-philoxLog(tail)), -1.6f);
    float num = horner(horner(horner(0.17023821f, r, 1.3067285f), r, 2.7568154f), r, 1.4234372f);
    float den = horner(horner(0.12021133f, r, 0.73700166f), r, 1.0f);
    float magnitude = __fdiv_rn(num, den);
    return odd < 0 ? -magnitude : magnitude;
}
