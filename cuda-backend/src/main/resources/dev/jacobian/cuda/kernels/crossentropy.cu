// Cross-entropy of logits [rows, n] with class indices, fused with the log-softmax, forward and backward.
#include "indices.cuh"
#include "rows.cuh"

/** One group of threads a row: the logits are read once, but for the label's. */
template <class Group, int RUN>
__device__ __forceinline__ void forward(const float* x, long long rowStep, long long step, const int* target,
                                        long long targetStep, int ignored, float smoothing, float* logSumExp,
                                        long long logSumExpStep, float* loss, long long lossStep, long long rows,
                                        unsigned int n, IndexReport report) {
    long long row = Group::row();
    unsigned int length = row < rows ? n : 0;
    const float* logits = x + row * rowStep;
    MaxSum all = OnlineSoftmax::identity();
    float total = 0.0f;
    for (unsigned int i = RUN * Group::rank(); i < length; i += RUN * Group::size()) {
        Run<RUN> run = loadRun<RUN>(logits, step, i, length, NEGATIVE_INFINITY);
        float max = run.at[0];
#pragma unroll
        for (int k = 1; k < RUN; k++) {
            max = fmaxf(max, run.at[k]);
        }
        all.raise(max);
        int some = runLength<RUN>(i, length);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            all.sum += expf(run.at[k] - MaxSum::center(all.max));
            total += k < some ? run.at[k] : 0.0f;
        }
    }
    all = Group::template reduce<OnlineSoftmax>(all);
    total = Group::template reduce<Sum<float> >(total);
    if (row >= rows || Group::rank() != 0) {
        return;
    }
    float logarithm = logf(all.sum);
    int label = target[row * targetStep];
    float value = 0.0f;
    if (label != ignored) {
        if (isIndex(label, n)) {
            // Differences from the maximum first: the logarithm would be lost in large logits.
            value = (1.0f - smoothing) * (all.max - logits[label * step]) + logarithm;
            if (smoothing != 0.0f) {
                value += smoothing * (all.max - total / (float) n);
            }
        } else {
            reportIndex(report, row, label, n);
            value = NOT_A_NUMBER;
        }
    }
    logSumExp[row * logSumExpStep] = all.max + logarithm;
    loss[row * lossStep] = value;
}

template <class Group, int RUN>
__device__ __forceinline__ void backward(const float* x, long long rowStep, long long step, const int* target,
                                         long long targetStep, int ignored, float smoothing, const float* logSumExp,
                                         long long logSumExpStep, const float* dloss, long long dlossStep, float* dx,
                                         long long rows, unsigned int n, IndexReport report) {
    long long row = Group::row();
    if (row >= rows) {
        return;
    }
    int label = target[row * targetStep];
    bool counts = label != ignored;
    if (counts && !isIndex(label, n)) {
        if (Group::rank() == 0) {
            reportIndex(report, row, label, n);
        }
        counts = false;
    }
    float* out = dx + row * n;
    float scale = dloss[row * dlossStep];
    float logarithm = logSumExp[row * logSumExpStep];
    float spread = smoothing / (float) n;
    for (unsigned int i = RUN * Group::rank(); i < n; i += RUN * Group::size()) {
        Run<RUN> run = loadRun<RUN>(x + row * rowStep, step, i, n, 0.0f);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            float wanted = (int) i + k == label ? 1.0f - smoothing : 0.0f;
            float value = (expf(run.at[k] - logarithm) - wanted - spread) * scale;
            run.at[k] = counts ? value : 0.0f;
        }
        storeRun<RUN>(out, i, n, run);
    }
}

#define ROWS(NAME, GROUP, RUN, THREADS)                                                                                \
    extern "C" __global__ void __launch_bounds__(THREADS) crossentropy_##NAME##_float32(                               \
        const float* x, long long rowStep, long long step, const int* target, long long targetStep, int ignored,       \
        float smoothing, float* logSumExp, long long logSumExpStep, float* loss, long long lossStep, long long rows,   \
        int n, IndexReport report) {                                                                                   \
        forward<GROUP, RUN>(x, rowStep, step, target, targetStep, ignored, smoothing, logSumExp, logSumExpStep, loss,  \
                            lossStep, rows, n, report);                                                                \
    }                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(THREADS) crossentropy_backward_##NAME##_float32(                      \
        const float* x, long long rowStep, long long step, const int* target, long long targetStep, int ignored,       \
        float smoothing, const float* logSumExp, long long logSumExpStep, const float* dloss, long long dlossStep,     \
        float* dx, long long rows, int n, IndexReport report) {                                                        \
        backward<GROUP, RUN>(x, rowStep, step, target, targetStep, ignored, smoothing, logSumExp, logSumExpStep,       \
                             dloss, dlossStep, dx, rows, n, report);                                                   \
    }

ROWS(rows16, Lanes<16>, 1, 128)
ROWS(rows64, Lanes<32>, 1, 128)
ROWS(rows1024, Lanes<32>, 4, 128)
ROWS(rows, WholeBlock, 4, 1024)
