// Vector types and the built-in variables.
#pragma once

using size_t = decltype(sizeof(0));
using ptrdiff_t = decltype((char*) 0 - (char*) 0);

#define SOFTCUDA_VECTOR2(name, element, alignment)                                                                     \
    struct __attribute__((aligned(alignment))) name {                                                                  \
        element x, y;                                                                                                  \
    };                                                                                                                 \
    static inline name make_##name(element x, element y) {                                                             \
        return {x, y};                                                                                                 \
    }

#define SOFTCUDA_VECTOR3(name, element)                                                                                \
    struct name {                                                                                                      \
        element x, y, z;                                                                                               \
    };                                                                                                                 \
    static inline name make_##name(element x, element y, element z) {                                                  \
        return {x, y, z};                                                                                              \
    }

#define SOFTCUDA_VECTOR4(name, element, alignment)                                                                     \
    struct __attribute__((aligned(alignment))) name {                                                                  \
        element x, y, z, w;                                                                                            \
    };                                                                                                                 \
    static inline name make_##name(element x, element y, element z, element w) {                                       \
        return {x, y, z, w};                                                                                           \
    }

SOFTCUDA_VECTOR2(char2, signed char, 2)
SOFTCUDA_VECTOR2(uchar2, unsigned char, 2)
SOFTCUDA_VECTOR2(short2, short, 4)
SOFTCUDA_VECTOR2(ushort2, unsigned short, 4)
SOFTCUDA_VECTOR2(int2, int, 8)
SOFTCUDA_VECTOR2(uint2, unsigned, 8)
SOFTCUDA_VECTOR2(longlong2, long long, 16)
SOFTCUDA_VECTOR2(ulonglong2, unsigned long long, 16)
SOFTCUDA_VECTOR2(float2, float, 8)
SOFTCUDA_VECTOR2(double2, double, 16)
SOFTCUDA_VECTOR3(int3, int)
SOFTCUDA_VECTOR3(uint3, unsigned)
SOFTCUDA_VECTOR3(float3, float)
SOFTCUDA_VECTOR4(char4, signed char, 4)
SOFTCUDA_VECTOR4(uchar4, unsigned char, 4)
SOFTCUDA_VECTOR4(short4, short, 8)
SOFTCUDA_VECTOR4(ushort4, unsigned short, 8)
SOFTCUDA_VECTOR4(int4, int, 16)
SOFTCUDA_VECTOR4(uint4, unsigned, 16)
SOFTCUDA_VECTOR4(float4, float, 16)

#undef SOFTCUDA_VECTOR2
#undef SOFTCUDA_VECTOR3
#undef SOFTCUDA_VECTOR4

struct dim3 {
    unsigned x, y, z;

    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

// Constant for as long as a CUDA thread lives, and at a fixed offset of the operating system's thread: const, so that
// g++ may keep them in registers and the race detector's instrumentation leaves them alone.
extern "C" {
extern __thread const uint3 threadIdx __asm__("softcuda_thread_index") __attribute__((tls_model("initial-exec")));
extern __thread const uint3 blockIdx __asm__("softcuda_block_index") __attribute__((tls_model("initial-exec")));
extern __thread const dim3 blockDim __asm__("softcuda_block_extent") __attribute__((tls_model("initial-exec")));
extern __thread const dim3 gridDim __asm__("softcuda_grid_extent") __attribute__((tls_model("initial-exec")));
}

static constexpr int warpSize = 32;
