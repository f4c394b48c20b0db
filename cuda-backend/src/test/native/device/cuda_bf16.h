// Storage of bfloat16: the upper half of a float, rounded to nearest even.
#pragma once

struct __nv_bfloat16 {
    unsigned short bits;
};

struct __attribute__((aligned(4))) __nv_bfloat162 {
    __nv_bfloat16 x, y;
};

static inline float __bfloat162float(__nv_bfloat16 value) {
    return __uint_as_float((unsigned) value.bits << 16);
}

static inline __nv_bfloat16 __float2bfloat16(float value) {
    unsigned bits = __float_as_uint(value);
    if (value != value) {
        return {0x7fff};
    }
    unsigned odd = bits >> 16 & 1u;
    return {(unsigned short) ((bits + 0x7fffu + odd) >> 16)};
}

static inline __nv_bfloat16 __float2bfloat16_rn(float value) {
    return __float2bfloat16(value);
}

static inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) {
    return {bits};
}

static inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 value) {
    return value.bits;
}

static inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) {
    return {__float2bfloat16(x), __float2bfloat16(y)};
}
