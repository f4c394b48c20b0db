// Copies between any strides and types, and fills.
#include "axes.cuh"

typedef unsigned char Bool;
typedef unsigned int Word;

template <typename To, typename From>
struct Convert {
    static __device__ __forceinline__ To of(From x) {
        return (To) x;
    }
};

// Towards zero, NaN as 0, out of range at the nearest end: said in full, since C++ leaves the last two undefined.
template <>
struct Convert<int, float> {
    static __device__ __forceinline__ int of(float x) {
        if (x >= 2147483648.0f) {
            return 2147483647;
        }
        if (x < -2147483648.0f) {
            return -2147483647 - 1;
        }
        return x != x ? 0 : (int) x;
    }
};

template <typename From>
struct Convert<Bool, From> {
    static __device__ __forceinline__ Bool of(From x) {
        return x != From(0) ? 1 : 0;
    }
};

template <typename To, typename From>
__device__ __forceinline__ void copyShare(To* out, unsigned long long outAt, bool outFour, const From* x,
                                          unsigned long long xAt, bool xFour) {
    Four<From> from = load(x, xAt, xFour);
    Four<To> to;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        to.v[i] = Convert<To, From>::of(from.v[i]);
    }
    store(out, outAt, to, outFour);
}

#define COPY(FROM_NAME, TO_NAME, From, To)                                                                             \
    extern "C" __global__ void copy_##FROM_NAME##_##TO_NAME(To* out, const From* x, unsigned long long n,              \
                                                            unsigned long long fours) {                                \
        Share share(fours);                                                                                            \
        if (share.at < n) {                                                                                            \
            copyShare(out, share.at, share.four, x, share.at, share.four);                                             \
        }                                                                                                              \
    }                                                                                                                  \
    extern "C" __global__ void copy_##FROM_NAME##_##TO_NAME##_strided(To* out, const From* x, unsigned int n,          \
                                                                      unsigned int fours, Axes<2> axes) {              \
        if (threadIndex() < n) {                                                                                       \
            unsigned long long at[2];                                                                                  \
            locate(axes, threadIndex(), at);                                                                           \
            copyShare(out, at[0], fours & 1, x, at[1], fours & 2);                                                     \
        }                                                                                                              \
    }

// float32 and int32 unchanged
COPY(word, word, Word, Word)
COPY(float32, int32, float, int)
COPY(float32, bool, float, Bool)
COPY(int32, float32, int, float)
COPY(int32, bool, int, Bool)
COPY(bool, float32, Bool, float)
COPY(bool, int32, Bool, int)
COPY(bool, bool, Bool, Bool)

#define FILL(NAME, T)                                                                                                  \
    extern "C" __global__ void copy_fill_##NAME(T* out, Word value, unsigned long long n, unsigned long long fours) {  \
        Share share(fours);                                                                                            \
        if (share.at < n) {                                                                                            \
            T one = (T) value;                                                                                         \
            store(out, share.at, Four<T>{{one, one, one, one}}, share.four);                                           \
        }                                                                                                              \
    }                                                                                                                  \
    extern "C" __global__ void copy_fill_##NAME##_strided(T* out, Word value, unsigned int n, unsigned int fours,      \
                                                          Axes<1> axes) {                                              \
        if (threadIndex() < n) {                                                                                       \
            T one = (T) value;                                                                                         \
            store(out, offsetOf(axes, threadIndex()), Four<T>{{one, one, one, one}}, fours & 1);                       \
        }                                                                                                              \
    }

FILL(word, Word)
FILL(bool, Bool)

constexpr int TILE = 32;
constexpr int TILE_THREADS = 256;

// Copies matrices whose columns lie densely in x into ones whose rows do. Tiles go through shared memory, so that both
// sides are read and written along what is dense; one more element a row keeps its columns in different banks.
extern "C" __global__ void copy_transpose_word(Word* out, const Word* x, unsigned int rows, unsigned int columns,
                                               unsigned long long outRow, unsigned long long xColumn,
                                               Axes<2> matrices) {
    __shared__ Word tile[TILE][TILE + 1];
    unsigned int across = (columns + TILE - 1) / TILE;
    unsigned int down = (rows + TILE - 1) / TILE;
    unsigned int matrix = blockIdx.x / (across * down);
    unsigned int place = blockIdx.x - matrix * (across * down);
    unsigned int row = place / across * TILE;
    unsigned int column = place % across * TILE;
    unsigned long long at[2];
    locate(matrices, matrix, at);
    unsigned int lane = threadIdx.x % TILE;
    unsigned int line = threadIdx.x / TILE;
#pragma unroll
    for (int i = 0; i < TILE; i += TILE_THREADS / TILE) {
        if (column + line + i < columns && row + lane < rows) {
            tile[line + i][lane] = x[at[1] + (column + line + i) * xColumn + (row + lane)];
        }
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < TILE; i += TILE_THREADS / TILE) {
        if (row + line + i < rows && column + lane < columns) {
            out[at[0] + (row + line + i) * outRow + (column + lane)] = tile[lane][line + i];
        }
    }
}
