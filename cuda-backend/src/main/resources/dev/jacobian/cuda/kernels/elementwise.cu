// Arithmetic of float32, which every network begins with.
#include "elementwise.cuh"

UNARY(neg, float32, float, -x)
UNARY(abs, float32, float, fabsf(x))
UNARY(sign, float32, float, x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x)
UNARY(square, float32, float, x * x)
UNARY(sqrt, float32, float, sqrtf(x))
UNARY(reciprocal, float32, float, 1.0f / x)
UNARY(relu, float32, float, x <= 0.0f ? 0.0f : x)

BINARY(add, float32, float, float, a + b)
BINARY(sub, float32, float, float, a - b)
BINARY(mul, float32, float, float, a * b)
BINARY(div, float32, float, float, a / b)
BINARY(maximum, float32, float, float, largerOf(a, b))
BINARY(minimum, float32, float, float, smallerOf(a, b))
BINARY(relu_grad, float32, float, float, b > 0.0f ? a : 0.0f)
