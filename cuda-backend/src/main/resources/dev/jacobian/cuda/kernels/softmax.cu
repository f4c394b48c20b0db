// Softmax and its logarithm along one axis, forward and backward. Inputs are [outer, n, inner] with a step for each;
// outputs are dense. An input may be the output.
#include "rows.cuh"

/** A row of up to LANES * COUNT * RUN elements, read once, into registers. */
template <int LANES, int COUNT, int RUN>
__device__ __forceinline__ void shortRow(const float* x, long long rowStep, long long step, float* y, long long rows,
                                         unsigned int n, int logarithm) {
    typedef Lanes<LANES> Group;
    long long row = Group::row();
    unsigned int length = row < rows ? n : 0;
    Run<RUN> values[COUNT];
    float max = NEGATIVE_INFINITY;
#pragma unroll
    for (int j = 0; j < COUNT; j++) {
        values[j] = loadRun<RUN>(x + row * rowStep, step, (j * LANES + Group::rank()) * RUN, length, NEGATIVE_INFINITY);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            max = fmaxf(max, values[j].at[k]);
        }
    }
    max = warpReduce<Max<float>, LANES>(max);
    float sum = 0.0f;
#pragma unroll
    for (int j = 0; j < COUNT; j++) {
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            values[j].at[k] -= max;
            float e = expf(values[j].at[k]);
            values[j].at[k] = logarithm ? values[j].at[k] : e;
            sum += e;
        }
    }
    sum = warpReduce<Sum<float>, LANES>(sum);
    float factor = logarithm ? 1.0f : 1.0f / sum;
    float shift = logarithm ? logf(sum) : 0.0f;
#pragma unroll
    for (int j = 0; j < COUNT; j++) {
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            values[j].at[k] = (values[j].at[k] - shift) * factor;
        }
        storeRun<RUN>(y + row * n, (j * LANES + Group::rank()) * RUN, length, values[j]);
    }
}

/** What backward sums up of an element, and the gradient that it makes of the sum. */
__device__ __forceinline__ float weighed(float y, float dy, int logarithm) {
    return logarithm ? dy : dy * y;
}

__device__ __forceinline__ float gradient(float y, float dy, float sum, int logarithm) {
    return logarithm ? dy - expf(y) * sum : y * (dy - sum);
}

template <int LANES, int COUNT, int RUN>
__device__ __forceinline__ void shortRowBackward(const float* y, const float* dy, long long rowStep, long long step,
                                                 float* dx, long long rows, unsigned int n, int logarithm) {
    typedef Lanes<LANES> Group;
    long long row = Group::row();
    unsigned int length = row < rows ? n : 0;
    Run<RUN> results[COUNT];
    Run<RUN> gradients[COUNT];
    float sum = 0.0f;
#pragma unroll
    for (int j = 0; j < COUNT; j++) {
        unsigned int i = (j * LANES + Group::rank()) * RUN;
        results[j] = loadRun<RUN>(y + row * n, 1, i, length, 0.0f);
        gradients[j] = loadRun<RUN>(dy + row * rowStep, step, i, length, 0.0f);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            sum += weighed(results[j].at[k], gradients[j].at[k], logarithm);
        }
    }
    sum = warpReduce<Sum<float>, LANES>(sum);
#pragma unroll
    for (int j = 0; j < COUNT; j++) {
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            gradients[j].at[k] = gradient(results[j].at[k], gradients[j].at[k], sum, logarithm);
        }
        storeRun<RUN>(dx + row * n, (j * LANES + Group::rank()) * RUN, length, gradients[j]);
    }
}

#define SHORT_ROWS(NAME, LANES, COUNT, RUN)                                                                            \
    extern "C" __global__ void __launch_bounds__(128) softmax_##NAME##_float32(                                        \
        const float* x, long long rowStep, long long step, float* y, long long rows, int n, int logarithm) {           \
        shortRow<LANES, COUNT, RUN>(x, rowStep, step, y, rows, n, logarithm);                                          \
    }                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(128) softmax_backward_##NAME##_float32(                               \
        const float* y, const float* dy, long long rowStep, long long step, float* dx, long long rows, int n,          \
        int logarithm) {                                                                                               \
        shortRowBackward<LANES, COUNT, RUN>(y, dy, rowStep, step, dx, rows, n, logarithm);                             \
    }

SHORT_ROWS(rows16, 16, 1, 1)
SHORT_ROWS(rows64, 32, 2, 1)
SHORT_ROWS(rows128, 32, 1, 4)
SHORT_ROWS(rows256, 32, 2, 4)
SHORT_ROWS(rows512, 32, 4, 4)
SHORT_ROWS(rows1024, 32, 8, 4)

/** A block a row, which is read twice: once for the maximum and the sum, once to be written. */
extern "C" __global__ void __launch_bounds__(1024) softmax_rows_float32(
    const float* x, long long rowStep, long long step, float* y, long long rows, unsigned int n, int logarithm) {
    const float* row = x + blockIdx.x * rowStep;
    MaxSum all = OnlineSoftmax::identity();
    for (unsigned int i = 4 * threadIdx.x; i < n; i += 4 * blockDim.x) {
        Run<4> run = loadRun<4>(row, step, i, n, NEGATIVE_INFINITY);
        all.raise(fmaxf(fmaxf(run.at[0], run.at[1]), fmaxf(run.at[2], run.at[3])));
        float center = MaxSum::center(all.max);
        all.sum += expf(run.at[0] - center) + expf(run.at[1] - center) + expf(run.at[2] - center)
                   + expf(run.at[3] - center);
    }
    all = blockReduce<OnlineSoftmax>(all);
    float factor = 1.0f / all.sum;
    float shift = logf(all.sum);
    for (unsigned int i = 4 * threadIdx.x; i < n; i += 4 * blockDim.x) {
        Run<4> run = loadRun<4>(row, step, i, n, 0.0f);
#pragma unroll
        for (int k = 0; k < 4; k++) {
            float value = run.at[k] - all.max;
            run.at[k] = logarithm ? value - shift : expf(value) * factor;
        }
        storeRun<4>(y + (long long) blockIdx.x * n, i, n, run);
    }
}

extern "C" __global__ void __launch_bounds__(1024) softmax_backward_rows_float32(
    const float* y, const float* dy, long long rowStep, long long step, float* dx, long long rows, unsigned int n,
    int logarithm) {
    const float* results = y + (long long) blockIdx.x * n;
    const float* gradients = dy + blockIdx.x * rowStep;
    float sum = 0.0f;
    for (unsigned int i = 4 * threadIdx.x; i < n; i += 4 * blockDim.x) {
        Run<4> result = loadRun<4>(results, 1, i, n, 0.0f);
        Run<4> run = loadRun<4>(gradients, step, i, n, 0.0f);
#pragma unroll
        for (int k = 0; k < 4; k++) {
            sum += weighed(result.at[k], run.at[k], logarithm);
        }
    }
    sum = blockReduce<Sum<float> >(sum);
    for (unsigned int i = 4 * threadIdx.x; i < n; i += 4 * blockDim.x) {
        Run<4> result = loadRun<4>(results, 1, i, n, 0.0f);
        Run<4> run = loadRun<4>(gradients, step, i, n, 0.0f);
#pragma unroll
        for (int k = 0; k < 4; k++) {
            run.at[k] = gradient(result.at[k], run.at[k], sum, logarithm);
        }
        storeRun<4>(dx + (long long) blockIdx.x * n, i, n, run);
    }
}

/**
 * Along an axis that is not the last: `width` neighbouring columns of [outer, inner] a block, 256 / width threads a
 * column, so that neighbouring threads read neighbouring elements.
 */
extern "C" __global__ void __launch_bounds__(256) softmax_columns_float32(
    const float* x, long long outerStep, long long step, long long innerStep, float* y, long long columns, int n,
    long long inner, int width, int logarithm) {
    long long column = (long long) blockIdx.x * width + threadIdx.x % width;
    bool live = column < columns;
    long long outer = live ? (long long) quotient(column, inner) : 0;
    long long at = live ? column - outer * inner : 0;
    const float* from = x + outer * outerStep + at * innerStep;
    float* to = y + outer * n * inner + at;
    int first = live ? threadIdx.x / width : n;
    MaxSum all = OnlineSoftmax::identity();
    for (long long i = first; i < n; i += 256 / width) {
        all.add(from[i * step]);
    }
    all = columnReduce<OnlineSoftmax, 256>(all, width);
    float factor = 1.0f / all.sum;
    float shift = logf(all.sum);
    for (long long i = first; i < n; i += 256 / width) {
        float value = from[i * step] - all.max;
        to[i * inner] = logarithm ? value - shift : expf(value) * factor;
    }
}

extern "C" __global__ void __launch_bounds__(256) softmax_backward_columns_float32(
    const float* y, const float* dy, long long outerStep, long long step, long long innerStep, float* dx,
    long long columns, int n, long long inner, int width, int logarithm) {
    long long column = (long long) blockIdx.x * width + threadIdx.x % width;
    bool live = column < columns;
    long long outer = live ? (long long) quotient(column, inner) : 0;
    long long at = live ? column - outer * inner : 0;
    const float* results = y + outer * n * inner + at;
    const float* gradients = dy + outer * outerStep + at * innerStep;
    float* to = dx + outer * n * inner + at;
    int first = live ? threadIdx.x / width : n;
    float sum = 0.0f;
    for (long long i = first; i < n; i += 256 / width) {
        sum += weighed(results[i * inner], gradients[i * step], logarithm);
    }
    sum = columnReduce<Sum<float>, 256>(sum, width);
    for (long long i = first; i < n; i += 256 / width) {
        to[i * inner] = gradient(results[i * inner], gradients[i * step], sum, logarithm);
    }
}
