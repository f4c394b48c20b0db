// Integer functions, bit casts, conversions and cached loads.
#pragma once

#define SOFTCUDA_MIN_MAX(T, A, B)                                                                                      \
    static inline T min(A a, B b) {                                                                                    \
        return (T) a < (T) b ? (T) a : (T) b;                                                                          \
    }                                                                                                                  \
    static inline T max(A a, B b) {                                                                                    \
        return (T) a > (T) b ? (T) a : (T) b;                                                                          \
    }

SOFTCUDA_MIN_MAX(int, int, int)
SOFTCUDA_MIN_MAX(unsigned, unsigned, unsigned)
SOFTCUDA_MIN_MAX(unsigned, int, unsigned)
SOFTCUDA_MIN_MAX(unsigned, unsigned, int)
SOFTCUDA_MIN_MAX(long, long, long)
SOFTCUDA_MIN_MAX(long long, long long, long long)
SOFTCUDA_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)

#undef SOFTCUDA_MIN_MAX

static inline int abs(int x) {
    return x < 0 ? -x : x;
}

static inline long long abs(long long x) {
    return x < 0 ? -x : x;
}

static inline long long llabs(long long x) {
    return x < 0 ? -x : x;
}

static inline int __mulhi(int a, int b) {
    return (int) ((long long) a * b >> 32);
}

static inline unsigned __umulhi(unsigned a, unsigned b) {
    return (unsigned) ((unsigned long long) a * b >> 32);
}

static inline long long __mul64hi(long long a, long long b) {
    return (long long) ((__int128) a * b >> 64);
}

static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long) ((unsigned __int128) a * b >> 64);
}

static inline int __popc(unsigned x) {
    return __builtin_popcount(x);
}

static inline int __popcll(unsigned long long x) {
    return __builtin_popcountll(x);
}

static inline int __clz(int x) {
    return x == 0 ? 32 : __builtin_clz((unsigned) x);
}

static inline int __clzll(long long x) {
    return x == 0 ? 64 : __builtin_clzll((unsigned long long) x);
}

static inline int __ffs(int x) {
    return __builtin_ffs(x);
}

static inline int __ffsll(long long x) {
    return __builtin_ffsll(x);
}

static inline unsigned __brev(unsigned x) {
    unsigned reversed = 0;
    for (int i = 0; i < 32; i++) {
        reversed |= (x >> i & 1u) << (31 - i);
    }
    return reversed;
}

static inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
    unsigned long long both = (unsigned long long) y << 32 | x;
    unsigned result = 0;
    for (int i = 0; i < 4; i++) {
        unsigned pick = selector >> 4 * i & 7u;
        result |= (unsigned) (both >> 8 * pick & 0xffu) << 8 * i;
    }
    return result;
}

static inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
    return (unsigned) (((unsigned long long) high << 32 | low) << (shift & 31u) >> 32);
}

static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
    return (unsigned) (((unsigned long long) high << 32 | low) >> (shift & 31u));
}

#define SOFTCUDA_BIT_CAST(name, To, From)                                                                              \
    static inline To name(From value) {                                                                                \
        To bits;                                                                                                       \
        __builtin_memcpy(&bits, &value, sizeof bits);                                                                  \
        return bits;                                                                                                   \
    }

SOFTCUDA_BIT_CAST(__int_as_float, float, int)
SOFTCUDA_BIT_CAST(__uint_as_float, float, unsigned)
SOFTCUDA_BIT_CAST(__float_as_int, int, float)
SOFTCUDA_BIT_CAST(__float_as_uint, unsigned, float)
SOFTCUDA_BIT_CAST(__longlong_as_double, double, long long)
SOFTCUDA_BIT_CAST(__double_as_longlong, long long, double)

#undef SOFTCUDA_BIT_CAST

/** CUDA's conversion: not-a-number gives 0 (int and unsigned), everything else saturates. `value` is integral. */
template <class T>
static inline T softcuda_saturate(double value, T lowest, T highest) {
    if (value != value) {
        return 0;
    }
    if (value <= (double) lowest) {
        return lowest;
    }
    return value >= (double) highest ? highest : (T) value;
}

#define SOFTCUDA_TO_INTEGER(suffix, To, lowest, highest)                                                               \
    static inline To __float2##suffix##_rn(float x) {                                                                  \
        return softcuda_saturate<To>(rint((double) x), lowest, highest);                                               \
    }                                                                                                                  \
    static inline To __float2##suffix##_rz(float x) {                                                                  \
        return softcuda_saturate<To>(trunc((double) x), lowest, highest);                                              \
    }                                                                                                                  \
    static inline To __float2##suffix##_ru(float x) {                                                                  \
        return softcuda_saturate<To>(ceil((double) x), lowest, highest);                                               \
    }                                                                                                                  \
    static inline To __float2##suffix##_rd(float x) {                                                                  \
        return softcuda_saturate<To>(floor((double) x), lowest, highest);                                              \
    }                                                                                                                  \
    static inline To __double2##suffix##_rn(double x) {                                                                \
        return softcuda_saturate<To>(rint(x), lowest, highest);                                                        \
    }                                                                                                                  \
    static inline To __double2##suffix##_rz(double x) {                                                                \
        return softcuda_saturate<To>(trunc(x), lowest, highest);                                                       \
    }

SOFTCUDA_TO_INTEGER(int, int, -0x7fffffff - 1, 0x7fffffff)
SOFTCUDA_TO_INTEGER(uint, unsigned, 0u, 0xffffffffu)
SOFTCUDA_TO_INTEGER(ll, long long, -0x7fffffffffffffffLL - 1, 0x7fffffffffffffffLL)
SOFTCUDA_TO_INTEGER(ull, unsigned long long, 0ull, ~0ull)

#undef SOFTCUDA_TO_INTEGER

static inline float __int2float_rn(int x) {
    return (float) x;
}

static inline float __uint2float_rn(unsigned x) {
    return (float) x;
}

static inline float __ll2float_rn(long long x) {
    return (float) x;
}

static inline float __ull2float_rn(unsigned long long x) {
    return (float) x;
}

static inline double __int2double_rn(int x) {
    return x;
}

static inline float __double2float_rn(double x) {
    return (float) x;
}

#define SOFTCUDA_LOAD(name)                                                                                            \
    template <class T>                                                                                                 \
    static inline T name(const T* address) {                                                                           \
        return *address;                                                                                               \
    }

#define SOFTCUDA_STORE(name)                                                                                           \
    template <class T>                                                                                                 \
    static inline void name(T* address, T value) {                                                                     \
        *address = value;                                                                                              \
    }

SOFTCUDA_LOAD(__ldg)
SOFTCUDA_LOAD(__ldca)
SOFTCUDA_LOAD(__ldcg)
SOFTCUDA_LOAD(__ldcs)
SOFTCUDA_STORE(__stcg)
SOFTCUDA_STORE(__stcs)
SOFTCUDA_STORE(__stwb)

#undef SOFTCUDA_LOAD
#undef SOFTCUDA_STORE
