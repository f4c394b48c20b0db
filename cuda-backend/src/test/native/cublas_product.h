// The arithmetic of the software device's matrix products, on dense column-major matrices.
#pragma once

#include <cstddef>

#ifndef SOFTCUDA_CUBLAS_VERSION
#define SOFTCUDA_CUBLAS_VERSION 120600
#endif

namespace softcuda {

/** To what a compute type rounds float inputs before it multiplies them. */
enum class Rounding { NONE, TF32, BFLOAT16, FLOAT16 };

void round(float* values, size_t count, Rounding rounding);

/** C [m, n] = A [m, k] B [k, n]. */
void product(long m, long n, long k, const float* a, const float* b, float* c);
void product(long m, long n, long k, const double* a, const double* b, double* c);

}
