// Functions of one and two elements. Every function has a kernel for dense operands and one for strided ones. An output
// may be the very view of an input: each thread reads all it needs before it writes.
#ifndef JACOBIAN_ELEMENTWISE_CUH
#define JACOBIAN_ELEMENTWISE_CUH

#include "axes.cuh"
#include "reduction.cuh"

typedef unsigned char Bool;

// The type of a kernel's parameter for one number of an element type.
template <typename T>
struct Parameter {
    typedef T Type;
};

template <>
struct Parameter<Bool> {
    typedef int Type;
};

template <class Op, typename T>
__device__ __forceinline__ void apply(T* out, unsigned long long outAt, bool outFour, const T* x,
                                      unsigned long long xAt, bool xFour) {
    Four<T> a = load(x, xAt, xFour);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        if (i == 0 || outFour) {
            a.v[i] = Op::of(a.v[i]);
        }
    }
    store(out, outAt, a, outFour);
}

template <class Op, typename T, typename R>
__device__ __forceinline__ void apply(R* out, unsigned long long outAt, bool outFour, const T* x,
                                      unsigned long long xAt, bool xFour, const T* y, unsigned long long yAt,
                                      bool yFour, T number) {
    Four<T> a = load(x, xAt, xFour);
    Four<T> b = y != nullptr ? load(y, yAt, yFour) : Four<T>{{number, number, number, number}};
    Four<R> result = {};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        if (i == 0 || outFour) {
            result.v[i] = Op::of(a.v[i], b.v[i]);
        }
    }
    store(out, outAt, result, outFour);
}

template <class Op, typename T>
__device__ __forceinline__ void unaryDense(T* out, const T* x, unsigned long long n, unsigned long long fours) {
    Share share(fours);
    if (share.at < n) {
        apply<Op>(out, share.at, share.four, x, share.at, share.four);
    }
}

// fours has a bit for each operand, set where the axes' elements stand for four neighbours, clear where for one.
template <class Op, typename T>
__device__ __forceinline__ void unaryStrided(T* out, const T* x, unsigned int n, unsigned int fours,
                                             const Axes<2>& axes) {
    if (threadIndex() < n) {
        unsigned long long at[2];
        locate(axes, threadIndex(), at);
        apply<Op>(out, at[0], fours & 1, x, at[1], fours & 2);
    }
}

template <class Op, typename T, typename R>
__device__ __forceinline__ void binaryDense(R* out, const T* a, const T* b, T number, unsigned long long n,
                                            unsigned long long fours) {
    Share share(fours);
    if (share.at < n) {
        apply<Op>(out, share.at, share.four, a, share.at, share.four, b, share.at, share.four, number);
    }
}

template <class Op, typename T, typename R>
__device__ __forceinline__ void binaryStrided(R* out, const T* a, const T* b, T number, unsigned int n,
                                              unsigned int fours, const Axes<3>& axes) {
    if (threadIndex() < n) {
        unsigned long long at[3];
        locate(axes, threadIndex(), at);
        apply<Op>(out, at[0], fours & 1, a, at[1], fours & 2, b, at[2], fours & 4, number);
    }
}

#define UNARY(NAME, SUFFIX, T, EXPRESSION)                                                                             \
    struct NAME##_##SUFFIX {                                                                                           \
        static __device__ __forceinline__ T of(T x) {                                                                  \
            return EXPRESSION;                                                                                         \
        }                                                                                                              \
    };                                                                                                                 \
    extern "C" __global__ void elementwise_##NAME##_##SUFFIX(T* out, const T* x, unsigned long long n,                 \
                                                             unsigned long long fours) {                               \
        unaryDense<NAME##_##SUFFIX>(out, x, n, fours);                                                                 \
    }                                                                                                                  \
    extern "C" __global__ void elementwise_##NAME##_##SUFFIX##_strided(T* out, const T* x, unsigned int n,             \
                                                                       unsigned int fours, Axes<2> axes) {             \
        unaryStrided<NAME##_##SUFFIX>(out, x, n, fours, axes);                                                         \
    }

// b is null where all second operands are one number.
#define BINARY(NAME, SUFFIX, T, R, EXPRESSION)                                                                         \
    struct NAME##_##SUFFIX {                                                                                           \
        static __device__ __forceinline__ R of(T a, T b) {                                                             \
            return EXPRESSION;                                                                                         \
        }                                                                                                              \
    };                                                                                                                 \
    extern "C" __global__ void elementwise_##NAME##_##SUFFIX(R* out, const T* a, const T* b,                           \
                                                             Parameter<T>::Type number, unsigned long long n,          \
                                                             unsigned long long fours) {                               \
        binaryDense<NAME##_##SUFFIX>(out, a, b, (T) number, n, fours);                                                 \
    }                                                                                                                  \
    extern "C" __global__ void elementwise_##NAME##_##SUFFIX##_strided(R* out, const T* a, const T* b,                 \
                                                                       Parameter<T>::Type number, unsigned int n,      \
                                                                       unsigned int fours, Axes<3> axes) {             \
        binaryStrided<NAME##_##SUFFIX>(out, a, b, (T) number, n, fours, axes);                                         \
    }

#endif
