// y = activation(x + bias) of dense [rows, n], and its gradients.
#include "rows.cuh"

// the ordinals of Activation
#define NONE 0
#define RELU 1
#define TANH 2
#define SIGMOID 3

__device__ __forceinline__ float activate(float x, int activation) {
    if (activation == RELU) {
        return x < 0.0f ? 0.0f : x;
    }
    if (activation == TANH) {
        return tanhf(x);
    }
    if (activation == SIGMOID) {
        float e = expf(-fabsf(x));
        return (x < 0.0f ? e : 1.0f) / (1.0f + e);
    }
    return x;
}

/** dy times the derivative, which is had from the result. */
__device__ __forceinline__ float throughActivation(float y, float dy, int activation) {
    if (activation == RELU) {
        return y > 0.0f ? dy : 0.0f;
    }
    if (activation == TANH) {
        return dy * (1.0f - y * y);
    }
    if (activation == SIGMOID) {
        return dy * (y * (1.0f - y));
    }
    return dy;
}

/** Four neighbours a thread, over the ends of rows. y may be x. */
extern "C" __global__ void __launch_bounds__(256) bias_activation_float32(
    const float* x, const float* bias, long long biasStep, int activation, float* y, long long size, int n) {
    unsigned long long at = 4 * ((unsigned long long) blockIdx.x * 256 + threadIdx.x);
    if (at >= size) {
        return;
    }
    unsigned int left = size - at < 4 ? (unsigned int) (size - at) : 4;
    int column = (int) (at - quotient(at, n) * n);
    Run<4> run = loadRun<4>(x + at, 1, 0, left, 0.0f);
#pragma unroll
    for (int k = 0; k < 4; k++) {
        run.at[k] = activate(run.at[k] + bias[column * biasStep], activation);
        column = column + 1 == n ? 0 : column + 1;
    }
    storeRun<4>(y + at, 0, left, run);
}

/** dx of ROWS rows of one column, all loaded before any is written, and added to the sum in their order. */
template <int ROWS>
__device__ __forceinline__ void backward(const float* y, const float* dy, int activation, float* dx, long long at,
                                         long long step, float& sum) {
    float gradients[ROWS];
    float results[ROWS] = {};
#pragma unroll
    for (int k = 0; k < ROWS; k++) {
        gradients[k] = dy[at + k * step];
    }
    if (activation != NONE) {
#pragma unroll
        for (int k = 0; k < ROWS; k++) {
            results[k] = y[at + k * step];
        }
    }
#pragma unroll
    for (int k = 0; k < ROWS; k++) {
        float gradient = throughActivation(results[k], gradients[k], activation);
        dx[at + k * step] = gradient;
        sum += gradient;
    }
}

/**
 * dx, and its sums over `chunkRows` rows, written to parts [chunks, n]: `width` columns a block. Without an activation
 * y is not read. dx may be dy.
 */
extern "C" __global__ void __launch_bounds__(256) bias_activation_backward_float32(
    const float* y, const float* dy, int activation, float* dx, float* parts, long long rows, int n, int width,
    int columnBlocks, long long chunkRows) {
    ColumnPart part(rows, n, width, columnBlocks, chunkRows);
    long long step = (long long) part.step * n;
    float sum = 0.0f;
    for (; part.has(4); part.row += 4 * part.step) {
        backward<4>(y, dy, activation, dx, part.row * n + part.column, step, sum);
    }
#pragma unroll 1
    for (; part.has(1); part.row += part.step) {
        backward<1>(y, dy, activation, dx, part.row * n + part.column, step, sum);
    }
    sum = columnReduce<Sum<float>, 256>(sum, width);
    if (threadIdx.x < width && part.column < n) {
        parts[part.chunk * n + part.column] = sum;
    }
}

/** Sums the parts of all chunks: 32 columns a block. */
extern "C" __global__ void __launch_bounds__(FINISH_THREADS) bias_finish_float32(
    const float* parts, int chunks, int n, float* dbias) {
    int column = blockIdx.x * 32 + threadIdx.x % 32;
    double sum = 0.0;
    for (int chunk = threadIdx.x / 32; column < n && chunk < chunks; chunk += FINISH_THREADS / 32) {
        sum += parts[(long long) chunk * n + column];
    }
    sum = columnReduce<Sum<double>, FINISH_THREADS>(sum, 32);
    if (threadIdx.x < 32 && column < n) {
        dbias[column] = (float) sum;
    }
}
