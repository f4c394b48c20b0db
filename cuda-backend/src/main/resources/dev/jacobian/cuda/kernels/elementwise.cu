// Functions of one, two and three elements. Every function has a kernel for dense operands and one for strided ones.
// An output may be the very view of an input: each thread reads all it needs before it writes.
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

// e^-|x| cannot overflow, and for negative x it is the numerator too.
__device__ __forceinline__ float sigmoid(float x) {
    float e = expf(-fabsf(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

// As StrictMath.pow, which differs from C in that 1 to the power of NaN, and +-1 to an infinite power, are NaN.
__device__ __forceinline__ float power(float a, float b) {
    bool undefined = b != b || (fabsf(a) == 1.0f && fabsf(b) == POSITIVE_INFINITY);
    return undefined ? NOT_A_NUMBER : powf(a, b);
}

// int32 wraps around, as unsigned arithmetic does.
__device__ __forceinline__ int wrapped(unsigned int x) {
    return (int) x;
}

UNARY(neg, float32, float, -x)
UNARY(abs, float32, float, fabsf(x))
UNARY(sign, float32, float, x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x)
UNARY(square, float32, float, x * x)
UNARY(sqrt, float32, float, sqrtf(x))
// rsqrtf may be more than 2 units in the last place off.
UNARY(rsqrt, float32, float, 1.0f / sqrtf(x))
UNARY(reciprocal, float32, float, 1.0f / x)
UNARY(exp, float32, float, expf(x))
UNARY(expm1, float32, float, expm1f(x))
UNARY(log, float32, float, logf(x))
UNARY(log1p, float32, float, log1pf(x))
UNARY(sin, float32, float, sinf(x))
UNARY(cos, float32, float, cosf(x))
UNARY(tanh, float32, float, tanhf(x))
UNARY(sigmoid, float32, float, sigmoid(x))
UNARY(erf, float32, float, erff(x))
UNARY(relu, float32, float, x <= 0.0f ? 0.0f : x)
UNARY(floor, float32, float, floorf(x))
UNARY(ceil, float32, float, ceilf(x))
UNARY(round, float32, float, rintf(x))

UNARY(neg, int32, int, wrapped(0u - (unsigned int) x))
UNARY(abs, int32, int, x < 0 ? wrapped(0u - (unsigned int) x) : x)
UNARY(sign, int32, int, (x > 0) - (x < 0))
UNARY(square, int32, int, wrapped((unsigned int) x * (unsigned int) x))
UNARY(relu, int32, int, x < 0 ? 0 : x)

UNARY(not, bool, Bool, x == 0)

BINARY(add, float32, float, float, a + b)
BINARY(sub, float32, float, float, a - b)
BINARY(mul, float32, float, float, a * b)
BINARY(div, float32, float, float, a / b)
BINARY(pow, float32, float, float, power(a, b))
BINARY(maximum, float32, float, float, largerOf(a, b))
BINARY(minimum, float32, float, float, smallerOf(a, b))
BINARY(relu_grad, float32, float, float, b > 0.0f ? a : 0.0f)
BINARY(tanh_grad, float32, float, float, a * (1.0f - b * b))
BINARY(sigmoid_grad, float32, float, float, a * b * (1.0f - b))

BINARY(add, int32, int, int, wrapped((unsigned int) a + (unsigned int) b))
BINARY(sub, int32, int, int, wrapped((unsigned int) a - (unsigned int) b))
BINARY(mul, int32, int, int, wrapped((unsigned int) a * (unsigned int) b))
BINARY(maximum, int32, int, int, largerOf(a, b))
BINARY(minimum, int32, int, int, smallerOf(a, b))

BINARY(mul, bool, Bool, Bool, a != 0 && b != 0)
BINARY(maximum, bool, Bool, Bool, a != 0 || b != 0)
BINARY(minimum, bool, Bool, Bool, a != 0 && b != 0)

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
