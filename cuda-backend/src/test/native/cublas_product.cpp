#include "cublas_product.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace softcuda {

namespace {

/** Nearest value with so many bits cut off the mantissa; ties to even. NaN stays NaN. */
float cut(float value, int bits) {
    uint32_t pattern;
    memcpy(&pattern, &value, sizeof pattern);
    if ((pattern & 0x7f800000) != 0x7f800000) {
        uint32_t half = (1u << (bits - 1)) - 1;
        pattern = (pattern + half + ((pattern >> bits) & 1)) & ~((1u << bits) - 1);
        memcpy(&value, &pattern, sizeof value);
    }
    return value;
}

// Each column of C is a sum of columns of A. Blocks of rows stay in the first cache and blocks of k in the second, and
// four columns of C share what is loaded of A; rows are what the compiler turns into vectors.
constexpr long ROWS = 256;
constexpr long DEPTH = 128;
constexpr long COLUMNS = 4;

template <class T>
inline __attribute__((always_inline)) void block(long rows, long columns, long depth, long m, long k, const T* a,
                                                 const T* b, T* c) {
    T sums[COLUMNS][ROWS];
    for (long j = 0; j < columns; j++) {
        std::copy_n(c + j * m, rows, sums[j]);
    }
    for (long p = 0; p < depth; p++) {
        const T* left = a + p * m;
        T right[COLUMNS];
        for (long j = 0; j < COLUMNS; j++) {
            right[j] = j < columns ? b[j * k + p] : T(0);
        }
        if (columns == COLUMNS) {
            for (long i = 0; i < rows; i++) {
                T value = left[i];
                sums[0][i] += value * right[0];
                sums[1][i] += value * right[1];
                sums[2][i] += value * right[2];
                sums[3][i] += value * right[3];
            }
        } else {
            for (long j = 0; j < columns; j++) {
                for (long i = 0; i < rows; i++) {
                    sums[j][i] += left[i] * right[j];
                }
            }
        }
    }
    for (long j = 0; j < columns; j++) {
        std::copy_n(sums[j], rows, c + j * m);
    }
}

template <class T>
inline __attribute__((always_inline)) void blocked(long m, long n, long k, const T* a, const T* b, T* c) {
    std::fill_n(c, m * n, T(0));
    for (long p = 0; p < k; p += DEPTH) {
        for (long i = 0; i < m; i += ROWS) {
            for (long j = 0; j < n; j += COLUMNS) {
                block(std::min(ROWS, m - i), std::min(COLUMNS, n - j), std::min(DEPTH, k - p), m, k, a + p * m + i,
                      b + j * k + p, c + j * m + i);
            }
        }
    }
}

}

void round(float* values, size_t count, Rounding rounding) {
    constexpr int TF32_CUT = 13;
    constexpr int BFLOAT16_CUT = 16;
    for (size_t i = 0; i < count; i++) {
        values[i] = rounding == Rounding::FLOAT16 ? float(_Float16(values[i]))
                : cut(values[i], rounding == Rounding::TF32 ? TF32_CUT : BFLOAT16_CUT);
    }
}

#ifdef __x86_64__
#define SOFTCUDA_CLONES __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default")))
#else
#define SOFTCUDA_CLONES
#endif

SOFTCUDA_CLONES void product(long m, long n, long k, const float* a, const float* b, float* c) {
    blocked(m, n, k, a, b, c);
}

SOFTCUDA_CLONES void product(long m, long n, long k, const double* a, const double* b, double* c) {
    blocked(m, n, k, a, b, c);
}

}
