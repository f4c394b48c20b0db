// Storage of IEEE 754 half precision.
#pragma once

struct __half {
    _Float16 value;
};

struct __attribute__((aligned(4))) __half2 {
    __half x, y;
};

using half = __half;
using half2 = __half2;

static inline float __half2float(__half half) {
    return (float) half.value;
}

static inline __half __float2half(float value) {
    return {(_Float16) value};
}

static inline __half __float2half_rn(float value) {
    return {(_Float16) value};
}

static inline __half __ushort_as_half(unsigned short bits) {
    __half half;
    __builtin_memcpy(&half, &bits, sizeof half);
    return half;
}

static inline unsigned short __half_as_ushort(__half half) {
    unsigned short bits;
    __builtin_memcpy(&bits, &half, sizeof bits);
    return bits;
}

static inline __half2 __floats2half2_rn(float x, float y) {
    return {__float2half(x), __float2half(y)};
}
