// Batch normalisation of dense [examples, channels, inner] in training mode, forward and backward (Ioffe and Szegedy,
// 2015), each in three steps: sums over parts of every channel, one set of factors a channel, one pass that writes.
// Channels are columns where inner is 1, and runs otherwise.
#include "rows.cuh"

/** The number that a channel's elements are taken relative to: one of them, so that their mean is small then. */
__device__ __forceinline__ float origin(const float* x, int channel, long long inner) {
    float first = x[channel * inner];
    return fabsf(first) < POSITIVE_INFINITY ? first : 0.0f;
}

/** The moments of each channel's part, written to parts [chunks, channels]. */
extern "C" __global__ void __launch_bounds__(256) batchnorm_moments_columns_float32(
    const float* x, Moments* parts, long long rows, int channels, int width, int columnBlocks, long long chunkRows) {
    ColumnPart part(rows, channels, width, columnBlocks, chunkRows);
    Moments moments = Chan::identity();
    float relative[4];
    float center = part.column < channels ? origin(x, part.column, 1) : 0.0f;
    for (; part.has(4); part.row += 4 * part.step) {
#pragma unroll
        for (int k = 0; k < 4; k++) {
            relative[k] = x[(part.row + k * part.step) * channels + part.column] - center;
        }
        moments.add(relative, 4);
    }
    if (part.has(1)) {
        int some = 0;
#pragma unroll
        for (int k = 0; k < 4; k++) {
            bool live = part.has(k + 1);
            relative[k] = live ? x[(part.row + k * part.step) * channels + part.column] - center : 0.0f;
            some += live;
        }
        moments.add(relative, some);
    }
    moments = columnReduce<Chan, 256>(moments, width);
    if (threadIdx.x < width && part.column < channels) {
        parts[part.chunk * channels + part.column] = moments;
    }
}

/** Adds ROWS rows of one channel in their order, all loaded before. */
template <int ROWS>
__device__ __forceinline__ void addRows(const float* x, float mean, const float* y, const float* dy, long long at,
                                        long long step, TwoSums& sums) {
    float gradients[ROWS];
    float deviations[ROWS];
#pragma unroll
    for (int k = 0; k < ROWS; k++) {
        gradients[k] = dy[at + k * step];
        deviations[k] = x[at + k * step] - mean;
    }
    if (y != nullptr) {
#pragma unroll
        for (int k = 0; k < ROWS; k++) {
            gradients[k] = y[at + k * step] > 0.0f ? gradients[k] : 0.0f;
        }
    }
#pragma unroll
    for (int k = 0; k < ROWS; k++) {
        sums.first += gradients[k];
        sums.second += gradients[k] * deviations[k];
    }
}

/** The sums of dy and of dy * (x - mean) of each channel's part; y is null without a ReLU. */
extern "C" __global__ void __launch_bounds__(256) batchnorm_sums_columns_float32(
    const float* x, const float* mean, const float* y, const float* dy, TwoSums* parts, long long rows, int channels,
    int width, int columnBlocks, long long chunkRows) {
    ColumnPart part(rows, channels, width, columnBlocks, chunkRows);
    long long step = (long long) part.step * channels;
    TwoSums sums = SumBoth::identity();
    float center = part.column < channels ? mean[part.column] : 0.0f;
    for (; part.has(4); part.row += 4 * part.step) {
        addRows<4>(x, center, y, dy, part.row * channels + part.column, step, sums);
    }
#pragma unroll 1
    for (; part.has(1); part.row += part.step) {
        addRows<1>(x, center, y, dy, part.row * channels + part.column, step, sums);
    }
    sums = columnReduce<SumBoth, 256>(sums, width);
    if (threadIdx.x < width && part.column < channels) {
        parts[part.chunk * channels + part.column] = sums;
    }
}

/**
 * Part of one channel: a block's share of the examples, and of the elements of each. Threads take runs of four in turn;
 * a step is split into examples and runs once, so that the loop divides nothing.
 */
struct RunPart {
    int channel;
    long long chunk;
    long long example;
    long long end;
    unsigned int first;
    unsigned int length;
    unsigned int run;
    unsigned int runs;
    unsigned int runStep;
    unsigned int exampleStep;

    __device__ __forceinline__ RunPart(long long examples, int channels, unsigned int inner, long long chunkExamples,
                                       unsigned int pieces, unsigned int pieceLength) {
        channel = blockIdx.x % channels;
        chunk = blockIdx.x / channels;
        first = (unsigned int) (chunk % pieces) * pieceLength;
        length = inner - first < pieceLength ? inner - first : pieceLength;
        long long start = chunk / pieces * chunkExamples;
        end = start + chunkExamples < examples ? start + chunkExamples : examples;
        runs = (length + 3) / 4;
        runStep = 256 % runs;
        exampleStep = 256 / runs;
        run = threadIdx.x % runs;
        example = start + threadIdx.x / runs;
    }

    __device__ __forceinline__ bool live() const {
        return example < end;
    }

    __device__ __forceinline__ void next() {
        example += exampleStep;
        run += runStep;
        if (run >= runs) {
            run -= runs;
            example++;
        }
    }

    /** Where this part of the current example starts. */
    __device__ __forceinline__ long long at(int channels, unsigned int inner) const {
        return (example * channels + channel) * inner + first;
    }
};

extern "C" __global__ void __launch_bounds__(256) batchnorm_moments_runs_float32(
    const float* x, Moments* parts, long long examples, int channels, int inner, long long chunkExamples, int pieces,
    int pieceLength) {
    RunPart part(examples, channels, inner, chunkExamples, pieces, pieceLength);
    Moments moments = Chan::identity();
    float center = origin(x, part.channel, inner);
    for (; part.live(); part.next()) {
        Run<4> run = loadRun<4>(x + part.at(channels, inner), 1, 4 * part.run, part.length, 0.0f);
#pragma unroll
        for (int k = 0; k < 4; k++) {
            run.at[k] -= center;
        }
        moments.add(run.at, runLength<4>(4 * part.run, part.length));
    }
    moments = blockReduce<Chan>(moments);
    if (threadIdx.x == 0) {
        parts[part.chunk * channels + part.channel] = moments;
    }
}

extern "C" __global__ void __launch_bounds__(256) batchnorm_sums_runs_float32(
    const float* x, const float* mean, const float* y, const float* dy, TwoSums* parts, long long examples,
    int channels, int inner, long long chunkExamples, int pieces, int pieceLength) {
    RunPart part(examples, channels, inner, chunkExamples, pieces, pieceLength);
    TwoSums sums = SumBoth::identity();
    float center = mean[part.channel];
    for (; part.live(); part.next()) {
        long long at = part.at(channels, inner);
        unsigned int i = 4 * part.run;
        Run<4> run = loadRun<4>(x + at, 1, i, part.length, center);
        Run<4> gradients = loadRun<4>(dy + at, 1, i, part.length, 0.0f);
        Run<4> results = gradients;
        if (y != nullptr) {
            results = loadRun<4>(y + at, 1, i, part.length, 0.0f);
        }
#pragma unroll
        for (int k = 0; k < 4; k++) {
            float gradient = y == nullptr || results.at[k] > 0.0f ? gradients.at[k] : 0.0f;
            sums.first += gradient;
            sums.second += gradient * (run.at[k] - center);
        }
    }
    sums = blockReduce<SumBoth>(sums);
    if (threadIdx.x == 0) {
        parts[part.chunk * channels + part.channel] = sums;
    }
}

/**
 * Mean and variance of each channel from its parts, 32 channels a block, and the factors of
 * y = (x - factors.x) * factors.y + factors.z.
 */
extern "C" __global__ void __launch_bounds__(FINISH_THREADS) batchnorm_finish_float32(
    const float* x, const Moments* parts, int chunks, int channels, int inner, const float* weight,
    long long weightStep, const float* bias, long long biasStep, float epsilon, float* mean, float* variance,
    float4* factors) {
    int channel = blockIdx.x * 32 + threadIdx.x % 32;
    int first = channel < channels ? threadIdx.x / 32 : chunks;
    double count = 0.0;
    double sum = 0.0;
    for (int chunk = first; chunk < chunks; chunk += FINISH_THREADS / 32) {
        Moments part = parts[(long long) chunk * channels + channel];
        count += part.count;
        sum += (double) part.count * part.mean;
    }
    count = columnReduce<Sum<double>, FINISH_THREADS>(count, 32);
    double average = columnReduce<Sum<double>, FINISH_THREADS>(sum, 32) / count;
    double squares = 0.0;
    for (int chunk = first; chunk < chunks; chunk += FINISH_THREADS / 32) {
        Moments part = parts[(long long) chunk * channels + channel];
        double delta = part.mean - average;
        squares += part.squares + part.count * delta * delta;
    }
    squares = columnReduce<Sum<double>, FINISH_THREADS>(squares, 32);
    if (threadIdx.x >= 32 || channel >= channels) {
        return;
    }
    average += count > 0.0 ? origin(x, channel, inner) : 0.0f;
    float rounded = (float) average;
    double scale = weight[channel * weightStep] / sqrt(squares / count + epsilon);
    mean[channel] = rounded;
    variance[channel] = (float) (squares / count);
    // What the mean loses when it is rounded goes into the shift.
    factors[channel] = make_float4(rounded, (float) scale,
                                   (float) (bias[channel * biasStep] - (average - rounded) * scale), 0.0f);
}

/**
 * Gradients of weight and bias from the sums of each channel's parts, 32 channels a block, and the factors of
 * dx = factors.y * (dy - factors.z - (x - factors.x) * factors.w).
 */
extern "C" __global__ void __launch_bounds__(FINISH_THREADS) batchnorm_finish_backward_float32(
    const TwoSums* parts, int chunks, int channels, long long count, const float* weight, long long weightStep,
    const float* mean, const float* variance, float epsilon, float* dweight, float* dbias, float4* factors) {
    int channel = blockIdx.x * 32 + threadIdx.x % 32;
    double first = 0.0;
    double second = 0.0;
    for (int chunk = threadIdx.x / 32; channel < channels && chunk < chunks; chunk += FINISH_THREADS / 32) {
        TwoSums part = parts[(long long) chunk * channels + channel];
        first += part.first;
        second += part.second;
    }
    first = columnReduce<Sum<double>, FINISH_THREADS>(first, 32);
    second = columnReduce<Sum<double>, FINISH_THREADS>(second, 32);
    if (threadIdx.x >= 32 || channel >= channels) {
        return;
    }
    double reciprocal = 1.0 / sqrt((double) variance[channel] + epsilon);
    dbias[channel] = (float) first;
    dweight[channel] = (float) (second * reciprocal);
    factors[channel] = make_float4(mean[channel], (float) (weight[channel * weightStep] * reciprocal),
                                   (float) (first / count), (float) (second * reciprocal * reciprocal / count));
}

/** Walks over four neighbouring elements, from channel to channel where one ends. */
struct Walk {
    const float4* factors;
    float4 current;
    unsigned long long left;
    int channel;

    __device__ __forceinline__ Walk(const float4* all, unsigned long long at, int channels, int inner) {
        unsigned long long run = quotient(at, inner);
        factors = all;
        left = inner - (at - run * inner);
        channel = (int) (run - quotient(run, channels) * channels);
        current = factors[channel];
    }

    __device__ __forceinline__ void next(int channels, int inner) {
        if (--left == 0) {
            left = inner;
            channel = channel + 1 == channels ? 0 : channel + 1;
            current = factors[channel];
        }
    }
};

extern "C" __global__ void __launch_bounds__(256) batchnorm_write_float32(
    const float* x, const float4* factors, int relu, float* y, long long size, int channels, int inner) {
    unsigned long long at = 4 * ((unsigned long long) blockIdx.x * 256 + threadIdx.x);
    if (at >= size) {
        return;
    }
    unsigned int left = size - at < 4 ? (unsigned int) (size - at) : 4;
    Run<4> run = loadRun<4>(x + at, 1, 0, left, 0.0f);
    Walk walk(factors, at, channels, inner);
#pragma unroll
    for (int k = 0; k < 4; k++) {
        float value = (run.at[k] - walk.current.x) * walk.current.y + walk.current.z;
        run.at[k] = relu && value < 0.0f ? 0.0f : value;
        walk.next(channels, inner);
    }
    storeRun<4>(y + at, 0, left, run);
}

/** dy may be dx. */
extern "C" __global__ void __launch_bounds__(256) batchnorm_write_backward_float32(
    const float* x, const float4* factors, const float* y, const float* dy, float* dx, long long size, int channels,
    int inner) {
    unsigned long long at = 4 * ((unsigned long long) blockIdx.x * 256 + threadIdx.x);
    if (at >= size) {
        return;
    }
    unsigned int left = size - at < 4 ? (unsigned int) (size - at) : 4;
    Run<4> run = loadRun<4>(x + at, 1, 0, left, 0.0f);
    Run<4> gradients = loadRun<4>(dy + at, 1, 0, left, 0.0f);
    Run<4> results = gradients;
    if (y != nullptr) {
        results = loadRun<4>(y + at, 1, 0, left, 0.0f);
    }
    Walk walk(factors, at, channels, inner);
#pragma unroll
    for (int k = 0; k < 4; k++) {
        float gradient = y == nullptr || results.at[k] > 0.0f ? gradients.at[k] : 0.0f;
        float4 factor = walk.current;
        run.at[k] = factor.y * (gradient - factor.z - (run.at[k] - factor.x) * factor.w);
        walk.next(channels, inner);
    }
    storeRun<4>(dx + at, 0, left, run);
}
