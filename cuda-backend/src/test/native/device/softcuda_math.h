// Floating-point functions under CUDA's names. The C library's float functions stand in for CUDA's: both are within a
// few units in the last place, never equal bit for bit except where IEEE 754 defines the result.
#pragma once

#define SOFTCUDA_UNARY(name)                                                                                           \
    extern "C" double name(double) noexcept;                                                                           \
    extern "C" float name##f(float) noexcept;                                                                          \
    static inline float name(float x) {                                                                                \
        return name##f(x);                                                                                             \
    }

#define SOFTCUDA_BINARY(name)                                                                                          \
    extern "C" double name(double, double) noexcept;                                                                   \
    extern "C" float name##f(float, float) noexcept;                                                                   \
    static inline float name(float x, float y) {                                                                       \
        return name##f(x, y);                                                                                          \
    }

SOFTCUDA_UNARY(sqrt)
SOFTCUDA_UNARY(cbrt)
SOFTCUDA_UNARY(exp)
SOFTCUDA_UNARY(exp2)
SOFTCUDA_UNARY(exp10)
SOFTCUDA_UNARY(expm1)
SOFTCUDA_UNARY(log)
SOFTCUDA_UNARY(log2)
SOFTCUDA_UNARY(log10)
SOFTCUDA_UNARY(log1p)
SOFTCUDA_UNARY(logb)
SOFTCUDA_UNARY(sin)
SOFTCUDA_UNARY(cos)
SOFTCUDA_UNARY(tan)
SOFTCUDA_UNARY(asin)
SOFTCUDA_UNARY(acos)
SOFTCUDA_UNARY(atan)
SOFTCUDA_UNARY(sinh)
SOFTCUDA_UNARY(cosh)
SOFTCUDA_UNARY(tanh)
SOFTCUDA_UNARY(asinh)
SOFTCUDA_UNARY(acosh)
SOFTCUDA_UNARY(atanh)
SOFTCUDA_UNARY(erf)
SOFTCUDA_UNARY(erfc)
SOFTCUDA_UNARY(tgamma)
SOFTCUDA_UNARY(lgamma)
SOFTCUDA_UNARY(fabs)
SOFTCUDA_UNARY(floor)
SOFTCUDA_UNARY(ceil)
SOFTCUDA_UNARY(trunc)
SOFTCUDA_UNARY(round)
SOFTCUDA_UNARY(rint)
SOFTCUDA_UNARY(nearbyint)
SOFTCUDA_BINARY(pow)
SOFTCUDA_BINARY(atan2)
SOFTCUDA_BINARY(hypot)
SOFTCUDA_BINARY(fmod)
SOFTCUDA_BINARY(remainder)
SOFTCUDA_BINARY(copysign)
SOFTCUDA_BINARY(fdim)
SOFTCUDA_BINARY(nextafter)
SOFTCUDA_BINARY(fmin)
SOFTCUDA_BINARY(fmax)

#undef SOFTCUDA_UNARY
#undef SOFTCUDA_BINARY

extern "C" {
double fma(double, double, double) noexcept;
float fmaf(float, float, float) noexcept;
double ldexp(double, int) noexcept;
float ldexpf(float, int) noexcept;
double scalbn(double, int) noexcept;
float scalbnf(float, int) noexcept;
double frexp(double, int*) noexcept;
float frexpf(float, int*) noexcept;
double modf(double, double*) noexcept;
float modff(float, float*) noexcept;
int ilogbf(float) noexcept;
long lrintf(float) noexcept;
long long llrintf(float) noexcept;
int printf(const char*, ...);
}

static inline float fma(float x, float y, float z) {
    return fmaf(x, y, z);
}

static inline float rsqrtf(float x) {
    return 1.0f / sqrtf(x);
}

static inline double rsqrt(double x) {
    return 1.0 / sqrt(x);
}

static inline float normcdff(float x) {
    return 0.5f * erfcf(x * -0.70710678118654752440f);
}

static inline void sincosf(float x, float* sine, float* cosine) {
    *sine = sinf(x);
    *cosine = cosf(x);
}

static inline void sincospif(float x, float* sine, float* cosine) {
    double turned = 3.14159265358979323846 * fmod((double) x, 2.0);
    *sine = (float) sin(turned);
    *cosine = (float) cos(turned);
}

static inline float sinpif(float x) {
    return (float) sin(3.14159265358979323846 * fmod((double) x, 2.0));
}

static inline float cospif(float x) {
    return (float) cos(3.14159265358979323846 * fmod((double) x, 2.0));
}

template <class T>
static inline bool isnan(T x) {
    return __builtin_isnan(x);
}

template <class T>
static inline bool isinf(T x) {
    return __builtin_isinf(x);
}

template <class T>
static inline bool isfinite(T x) {
    return __builtin_isfinite(x);
}

template <class T>
static inline bool signbit(T x) {
    return __builtin_signbit(x);
}

static inline float abs(float x) {
    return fabsf(x);
}

static inline double abs(double x) {
    return fabs(x);
}

static inline float min(float a, float b) {
    return fminf(a, b);
}

static inline float max(float a, float b) {
    return fmaxf(a, b);
}

static inline double min(double a, double b) {
    return fmin(a, b);
}

static inline double max(double a, double b) {
    return fmax(a, b);
}

// Arithmetic with one rounding that the compiler must not merge: kernels are compiled with -ffp-contract=off.
static inline float __fadd_rn(float a, float b) {
    return a + b;
}

static inline float __fsub_rn(float a, float b) {
    return a - b;
}

static inline float __fmul_rn(float a, float b) {
    return a * b;
}

static inline float __fdiv_rn(float a, float b) {
    return a / b;
}

static inline float __frcp_rn(float a) {
    return 1.0f / a;
}

static inline float __fsqrt_rn(float a) {
    return sqrtf(a);
}

static inline float __frsqrt_rn(float a) {
    return (float) (1.0 / sqrt((double) a));
}

static inline float __fmaf_rn(float a, float b, float c) {
    return fmaf(a, b, c);
}

static inline double __dadd_rn(double a, double b) {
    return a + b;
}

static inline double __dmul_rn(double a, double b) {
    return a * b;
}

static inline double __fma_rn(double a, double b, double c) {
    return fma(a, b, c);
}

// The approximate functions are as exact here as the others: only hardware shows their error.
static inline float __expf(float x) {
    return expf(x);
}

static inline float __exp10f(float x) {
    return exp10f(x);
}

static inline float __logf(float x) {
    return logf(x);
}

static inline float __log2f(float x) {
    return log2f(x);
}

static inline float __log10f(float x) {
    return log10f(x);
}

static inline float __sinf(float x) {
    return sinf(x);
}

static inline float __cosf(float x) {
    return cosf(x);
}

static inline float __tanf(float x) {
    return tanf(x);
}

static inline float __powf(float x, float y) {
    return powf(x, y);
}

static inline float __fdividef(float a, float b) {
    return a / b;
}

static inline float __saturatef(float x) {
    return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f;
}

static inline void __sincosf(float x, float* sine, float* cosine) {
    sincosf(x, sine, cosine);
}
