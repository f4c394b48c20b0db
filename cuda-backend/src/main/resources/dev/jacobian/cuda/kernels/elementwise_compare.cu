// Comparisons, and the choice by their results.
#include "elementwise.cuh"

// The host turns > and >= into these with the operands exchanged.
BINARY(eq, float32, float, Bool, a == b)
BINARY(ne, float32, float, Bool, a != b)
BINARY(lt, float32, float, Bool, a < b)
BINARY(le, float32, float, Bool, a <= b)
BINARY(eq, int32, int, Bool, a == b)
BINARY(ne, int32, int, Bool, a != b)
BINARY(lt, int32, int, Bool, a < b)
BINARY(le, int32, int, Bool, a <= b)
BINARY(eq, bool, Bool, Bool, a == b)
BINARY(ne, bool, Bool, Bool, a != b)
BINARY(lt, bool, Bool, Bool, a < b)
BINARY(le, bool, Bool, Bool, a <= b)

template <typename T>
__device__ __forceinline__ void select(T* out, const Bool* condition, const T* a, const T* b,
                                       const unsigned long long (&at)[4], unsigned int fours) {
    Four<Bool> takesA = load(condition, at[1], fours & 2);
    Four<T> result = load(a, at[2], fours & 4);
    Four<T> other = load(b, at[3], fours & 8);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        result.v[i] = takesA.v[i] != 0 ? result.v[i] : other.v[i];
    }
    store(out, at[0], result, fours & 1);
}

#define WHERE(SUFFIX, T)                                                                                               \
    extern "C" __global__ void elementwise_where_##SUFFIX(T* out, const Bool* condition, const T* a, const T* b,       \
                                                          unsigned long long n, unsigned long long fours) {            \
        Share share(fours);                                                                                            \
        if (share.at < n) {                                                                                            \
            unsigned long long at[4] = {share.at, share.at, share.at, share.at};                                       \
            select(out, condition, a, b, at, share.four ? 15 : 0);                                                     \
        }                                                                                                              \
    }                                                                                                                  \
    extern "C" __global__ void elementwise_where_##SUFFIX##_strided(                                                   \
            T* out, const Bool* condition, const T* a, const T* b, unsigned int n, unsigned int fours, Axes<4> axes) { \
        if (threadIndex() < n) {                                                                                       \
            unsigned long long at[4];                                                                                  \
            locate(axes, threadIndex(), at);                                                                           \
            select(out, condition, a, b, at, fours);                                                                   \
        }                                                                                                              \
    }

// Elements of four bytes, of whatever type.
WHERE(word, unsigned int)
WHERE(bool, Bool)
