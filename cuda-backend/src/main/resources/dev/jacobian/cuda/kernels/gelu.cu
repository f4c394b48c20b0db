// GELU with the exact error function, y = x Φ(x) (Hendrycks and Gimpel, 2016), of dense elements, and its gradient.
#include "rows.cuh"

/** The normal distribution function. */
__device__ __forceinline__ float phi(float x) {
    return 0.5f * erfcf(-0.70710678118654752f * x);
}

/** Four neighbours a thread. */
extern "C" __global__ void __launch_bounds__(256) gelu_float32(const float* x, float* y, long long size) {
    unsigned long long at = 4 * ((unsigned long long) blockIdx.x * 256 + threadIdx.x);
    if (at >= size) {
        return;
    }
    unsigned int left = size - at < 4 ? (unsigned int) (size - at) : 4;
    Run<4> run = loadRun<4>(x + at, 1, 0, left, 0.0f);
#pragma unroll
    for (int k = 0; k < 4; k++) {
        run.at[k] *= phi(run.at[k]);
    }
    storeRun<4>(y + at, 0, left, run);
}

/** dx = dy (Φ(x) + x φ(x)). dx may be dy. */
extern "C" __global__ void __launch_bounds__(256) gelu_backward_float32(const float* x, const float* dy, float* dx,
                                                                        long long size) {
    unsigned long long at = 4 * ((unsigned long long) blockIdx.x * 256 + threadIdx.x);
    if (at >= size) {
        return;
    }
    unsigned int left = size - at < 4 ? (unsigned int) (size - at) : 4;
    Run<4> inputs = loadRun<4>(x + at, 1, 0, left, 0.0f);
    Run<4> run = loadRun<4>(dy + at, 1, 0, left, 0.0f);
#pragma unroll
    for (int k = 0; k < 4; k++) {
        float value = inputs.at[k];
        float density = 0.39894228040143268f * expf(-0.5f * value * value);
        run.at[k] *= phi(value) + value * density;
    }
    storeRun<4>(dx + at, 0, left, run);
}
