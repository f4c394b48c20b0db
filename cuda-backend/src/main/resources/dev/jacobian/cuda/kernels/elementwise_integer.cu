// Functions of int32 and bool, but for comparisons.
#include "elementwise.cuh"

// int32 wraps around, as unsigned arithmetic does.
__device__ __forceinline__ int wrapped(unsigned int x) {
    return (int) x;
}

UNARY(neg, int32, int, wrapped(0u - (unsigned int) x))
UNARY(abs, int32, int, x < 0 ? wrapped(0u - (unsigned int) x) : x)
UNARY(sign, int32, int, (x > 0) - (x < 0))
UNARY(square, int32, int, wrapped((unsigned int) x * (unsigned int) x))
UNARY(relu, int32, int, x < 0 ? 0 : x)

UNARY(not, bool, Bool, x == 0)

BINARY(add, int32, int, int, wrapped((unsigned int) a + (unsigned int) b))
BINARY(sub, int32, int, int, wrapped((unsigned int) a - (unsigned int) b))
BINARY(mul, int32, int, int, wrapped((unsigned int) a * (unsigned int) b))
BINARY(maximum, int32, int, int, largerOf(a, b))
BINARY(minimum, int32, int, int, smallerOf(a, b))

BINARY(mul, bool, Bool, Bool, a != 0 && b != 0)
BINARY(maximum, bool, Bool, Bool, a != 0 || b != 0)
BINARY(minimum, bool, Bool, Bool, a != 0 && b != 0)
