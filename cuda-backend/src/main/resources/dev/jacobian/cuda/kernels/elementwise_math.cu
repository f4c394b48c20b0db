// Functions of float32 that take more than an instruction or two: transcendental ones, their gradients, rounding.
#include "elementwise.cuh"

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

// rsqrtf may be more than 2 units in the last place off.
UNARY(rsqrt, float32, float, 1.0f / sqrtf(x))
UNARY(exp, float32, float, expf(x))
UNARY(expm1, float32, float, expm1f(x))
UNARY(log, float32, float, logf(x))
UNARY(log1p, float32, float, log1pf(x))
UNARY(sin, float32, float, sinf(x))
UNARY(cos, float32, float, cosf(x))
UNARY(tanh, float32, float, tanhf(x))
UNARY(sigmoid, float32, float, sigmoid(x))
UNARY(erf, float32, float, erff(x))
UNARY(floor, float32, float, floorf(x))
UNARY(ceil, float32, float, ceilf(x))
UNARY(round, float32, float, rintf(x))

BINARY(pow, float32, float, float, power(a, b))
BINARY(tanh_grad, float32, float, float, a * (1.0f - b * b))
BINARY(sigmoid_grad, float32, float, float, a * b * (1.0f - b))
