// Layer normalisation over the last axis of dense [rows, n], forward and backward (Ba, Kiros and Hinton, 2016).
#include "rows.cuh"

/** One group of threads a row, which is read twice, the second time from cache. */
template <class Group, int RUN>
__device__ __forceinline__ void forward(const float* x, const float* weight, const float* bias, float epsilon,
                                        float* mean, float* rstd, float* y, long long rows, unsigned int n) {
    long long row = Group::row();
    unsigned int length = row < rows ? n : 0;
    const float* from = x + row * n;
    // Relative to the first element a mean is small where it is large against the deviation, and loses nothing.
    float origin = length > 0 ? from[0] : 0.0f;
    origin = fabsf(origin) < POSITIVE_INFINITY ? origin : 0.0f;
    Moments moments = Chan::identity();
    for (unsigned int i = RUN * Group::rank(); i < length; i += RUN * Group::size()) {
        Run<RUN> run = loadRun<RUN>(from, 1, i, length, 0.0f);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            run.at[k] -= origin;
        }
        moments.add(run.at, runLength<RUN>(i, length));
    }
    moments = Group::template reduce<Chan>(moments);
    float reciprocal = 1.0f / sqrtf(moments.squares / (float) n + epsilon);
    if (row < rows && Group::rank() == 0) {
        mean[row] = origin + moments.mean;
        rstd[row] = reciprocal;
    }
    for (unsigned int i = RUN * Group::rank(); i < length; i += RUN * Group::size()) {
        Run<RUN> run = loadRun<RUN>(from, 1, i, length, 0.0f);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            run.at[k] = (run.at[k] - origin - moments.mean) * reciprocal;
        }
        if (weight != nullptr) {
            Run<RUN> factors = loadRun<RUN>(weight, 1, i, length, 0.0f);
            Run<RUN> shifts = loadRun<RUN>(bias, 1, i, length, 0.0f);
#pragma unroll
            for (int k = 0; k < RUN; k++) {
                run.at[k] = run.at[k] * factors.at[k] + shifts.at[k];
            }
        }
        storeRun<RUN>(y + row * n, i, length, run);
    }
}

/** A run of normalised x, and of g = dy * weight beside it. */
template <int RUN>
__device__ __forceinline__ void loadBackward(const float* x, const float* dy, const float* weight, float mean,
                                             float rstd, unsigned int i, unsigned int n, Run<RUN>& normal,
                                             Run<RUN>& g) {
    normal = loadRun<RUN>(x, 1, i, n, mean);
    g = loadRun<RUN>(dy, 1, i, n, 0.0f);
#pragma unroll
    for (int k = 0; k < RUN; k++) {
        normal.at[k] = (normal.at[k] - mean) * rstd;
    }
    if (weight != nullptr) {
        Run<RUN> factors = loadRun<RUN>(weight, 1, i, n, 0.0f);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            g.at[k] *= factors.at[k];
        }
    }
}

/** dx = rstd * (g - mean g - normal * mean(g * normal)). */
template <class Group, int RUN>
__device__ __forceinline__ void backward(const float* x, const float* weight, const float* mean, const float* rstd,
                                         const float* dy, float* dx, long long rows, unsigned int n) {
    long long row = Group::row();
    unsigned int length = row < rows ? n : 0;
    float center = length > 0 ? mean[row] : 0.0f;
    float reciprocal = length > 0 ? rstd[row] : 0.0f;
    const float* from = x + row * n;
    const float* gradients = dy + row * n;
    TwoSums sums = SumBoth::identity();
    Run<RUN> normal;
    Run<RUN> g;
    for (unsigned int i = RUN * Group::rank(); i < length; i += RUN * Group::size()) {
        loadBackward<RUN>(from, gradients, weight, center, reciprocal, i, length, normal, g);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            sums.first += g.at[k];
            sums.second += g.at[k] * normal.at[k];
        }
    }
    sums = Group::template reduce<SumBoth>(sums);
    float first = sums.first / (float) n;
    float second = sums.second / (float) n;
    for (unsigned int i = RUN * Group::rank(); i < length; i += RUN * Group::size()) {
        loadBackward<RUN>(from, gradients, weight, center, reciprocal, i, length, normal, g);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            g.at[k] = reciprocal * (g.at[k] - first - normal.at[k] * second);
        }
        storeRun<RUN>(dx + row * n, i, length, g);
    }
}

#define ROWS(NAME, GROUP, RUN, THREADS)                                                                                \
    extern "C" __global__ void __launch_bounds__(THREADS) layernorm_##NAME##_float32(                                  \
        const float* x, const float* weight, const float* bias, float epsilon, float* mean, float* rstd, float* y,     \
        long long rows, int n) {                                                                                       \
        forward<GROUP, RUN>(x, weight, bias, epsilon, mean, rstd, y, rows, n);                                         \
    }                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(THREADS) layernorm_backward_##NAME##_float32(                         \
        const float* x, const float* weight, const float* mean, const float* rstd, const float* dy, float* dx,         \
        long long rows, int n) {                                                                                       \
        backward<GROUP, RUN>(x, weight, mean, rstd, dy, dx, rows, n);                                                  \
    }

ROWS(rows16, Lanes<16>, 1, 128)
ROWS(rows64, Lanes<32>, 1, 128)
ROWS(rows1024, Lanes<32>, 4, 128)
ROWS(rows, WholeBlock, 4, 1024)

/** Adds ROWS rows of one column in their order, all loaded before. */
template <int ROWS>
__device__ __forceinline__ void addRows(const float* x, const float* mean, const float* rstd, const float* dy,
                                        const ColumnPart& part, int n, TwoSums& sums) {
    float gradients[ROWS];
    float normal[ROWS];
#pragma unroll
    for (int k = 0; k < ROWS; k++) {
        long long row = part.row + k * part.step;
        gradients[k] = dy[row * n + part.column];
        normal[k] = (x[row * n + part.column] - mean[row]) * rstd[row];
    }
#pragma unroll
    for (int k = 0; k < ROWS; k++) {
        sums.first += gradients[k] * normal[k];
        sums.second += gradients[k];
    }
}

/** Sums of dy * normal and of dy over `chunkRows` rows: `width` columns a block, written to parts [chunks, n]. */
extern "C" __global__ void __launch_bounds__(256) layernorm_sums_float32(
    const float* x, const float* mean, const float* rstd, const float* dy, TwoSums* parts, long long rows, int n,
    int width, int columnBlocks, long long chunkRows) {
    ColumnPart part(rows, n, width, columnBlocks, chunkRows);
    TwoSums sums = SumBoth::identity();
    for (; part.has(4); part.row += 4 * part.step) {
        addRows<4>(x, mean, rstd, dy, part, n, sums);
    }
#pragma unroll 1
    for (; part.has(1); part.row += part.step) {
        addRows<1>(x, mean, rstd, dy, part, n, sums);
    }
    sums = columnReduce<SumBoth, 256>(sums, width);
    if (threadIdx.x < width && part.column < n) {
        parts[part.chunk * n + part.column] = sums;
    }
}

/** Sums the parts of all chunks: 32 columns a block. */
extern "C" __global__ void __launch_bounds__(FINISH_THREADS) layernorm_finish_float32(
    const TwoSums* parts, int chunks, int n, float* dweight, float* dbias) {
    int column = blockIdx.x * 32 + threadIdx.x % 32;
    double first = 0.0;
    double second = 0.0;
    for (int chunk = threadIdx.x / 32; column < n && chunk < chunks; chunk += FINISH_THREADS / 32) {
        TwoSums part = parts[(long long) chunk * n + column];
        first += part.first;
        second += part.second;
    }
    first = columnReduce<Sum<double>, FINISH_THREADS>(first, 32);
    second = columnReduce<Sum<double>, FINISH_THREADS>(second, 32);
    if (threadIdx.x < 32 && column < n) {
        dweight[column] = (float) first;
        dbias[column] = (float) second;
    }
}
