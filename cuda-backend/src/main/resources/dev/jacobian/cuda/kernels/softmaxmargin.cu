// Hinge loss of the softmax probabilities of logits [rows, n] with class indices, forward and backward.
#include "indices.cuh"
#include "rows.cuh"

/** A probability as it is stored: the product is not to be fused with what is done with it. */
__device__ __forceinline__ float probabilityOf(float x, const MaxSum& all) {
    return __fmul_rn(expf(x - all.max), 1.0f / all.sum);
}

/** In the order of the tensor operations that define it, so that it is exactly 0 in the same cases. */
__device__ __forceinline__ float hinge(float p, float own, float margin) {
    return __fadd_rn(p - own, margin);
}

/** One group of threads a row, which is read twice: once for the maximum and the sum, once for the probabilities. */
template <class Group, int RUN>
__device__ __forceinline__ void forward(const float* x, long long rowStep, long long step, const int* target,
                                        long long targetStep, float margin, float* probability, float* loss,
                                        long long lossStep, long long rows, unsigned int n, IndexReport report) {
    long long row = Group::row();
    unsigned int length = row < rows ? n : 0;
    const float* logits = x + row * rowStep;
    MaxSum all = OnlineSoftmax::identity();
    for (unsigned int i = RUN * Group::rank(); i < length; i += RUN * Group::size()) {
        Run<RUN> run = loadRun<RUN>(logits, step, i, length, NEGATIVE_INFINITY);
        float max = run.at[0];
#pragma unroll
        for (int k = 1; k < RUN; k++) {
            max = fmaxf(max, run.at[k]);
        }
        all.raise(max);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            all.sum += expf(run.at[k] - MaxSum::center(all.max));
        }
    }
    all = Group::template reduce<OnlineSoftmax>(all);
    int label = row < rows ? target[row * targetStep] : 0;
    bool isRight = isIndex(label, n);
    float own = length > 0 && isRight ? probabilityOf(logits[label * step], all) : 0.0f;
    float sum = 0.0f;
    for (unsigned int i = RUN * Group::rank(); i < length; i += RUN * Group::size()) {
        Run<RUN> run = loadRun<RUN>(logits, step, i, length, 0.0f);
        int some = runLength<RUN>(i, length);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            run.at[k] = probabilityOf(run.at[k], all);
            float h = hinge(run.at[k], own, margin);
            sum += k >= some || (int) i + k == label || h <= 0.0f ? 0.0f : h;
        }
        storeRun<RUN>(probability + row * n, i, length, run);
    }
    sum = Group::template reduce<Sum<float> >(sum);
    if (row >= rows || Group::rank() != 0) {
        return;
    }
    if (!isRight) {
        reportIndex(report, row, label, n);
        sum = NOT_A_NUMBER;
    }
    loss[row * lossStep] = sum;
}

template <class Group, int RUN>
__device__ __forceinline__ void backward(const float* p, const int* target, long long targetStep, float margin,
                                         const float* dloss, long long dlossStep, float* dx, long long rows,
                                         unsigned int n, IndexReport report) {
    long long row = Group::row();
    unsigned int length = row < rows ? n : 0;
    const float* probability = p + row * n;
    int label = row < rows ? target[row * targetStep] : 0;
    bool isRight = isIndex(label, n);
    float own = length > 0 && isRight ? probability[label] : 0.0f;
    TwoSums active = SumBoth::identity(); // the classes whose hinge is above 0: how many, and their probabilities
    for (unsigned int i = RUN * Group::rank(); i < length; i += RUN * Group::size()) {
        Run<RUN> run = loadRun<RUN>(probability, 1, i, length, 0.0f);
        int some = runLength<RUN>(i, length);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            bool isActive = k < some && (int) i + k != label && hinge(run.at[k], own, margin) > 0.0f;
            active.first += isActive ? 1.0f : 0.0f;
            active.second += isActive ? run.at[k] : 0.0f;
        }
    }
    active = Group::template reduce<SumBoth>(active);
    if (row >= rows) {
        return;
    }
    if (!isRight && Group::rank() == 0) {
        reportIndex(report, row, label, n);
    }
    float scale = dloss[row * dlossStep];
    float shift = active.first * own - active.second;
    for (unsigned int i = RUN * Group::rank(); i < n; i += RUN * Group::size()) {
        Run<RUN> run = loadRun<RUN>(probability, 1, i, n, 0.0f);
#pragma unroll
        for (int k = 0; k < RUN; k++) {
            float above = hinge(run.at[k], own, margin) > 0.0f ? 1.0f : 0.0f;
            float factor = shift + ((int) i + k == label ? -active.first : above);
            run.at[k] = isRight ? run.at[k] * factor * scale : 0.0f;
        }
        storeRun<RUN>(dx + row * n, i, n, run);
    }
}

#define ROWS(NAME, GROUP, RUN, THREADS)                                                                                \
    extern "C" __global__ void __launch_bounds__(THREADS) softmaxmargin_##NAME##_float32(                              \
        const float* x, long long rowStep, long long step, const int* target, long long targetStep, float margin,      \
        float* probability, float* loss, long long lossStep, long long rows, int n, IndexReport report) {              \
        forward<GROUP, RUN>(x, rowStep, step, target, targetStep, margin, probability, loss, lossStep, rows, n,        \
                            report);                                                                                   \
    }                                                                                                                  \
    extern "C" __global__ void __launch_bounds__(THREADS) softmaxmargin_backward_##NAME##_float32(                     \
        const float* p, const int* target, long long targetStep, float margin, const float* dloss,                     \
        long long dlossStep, float* dx, long long rows, int n, IndexReport report) {                                   \
        backward<GROUP, RUN>(p, target, targetStep, margin, dloss, dlossStep, dx, rows, n, report);                    \
    }

ROWS(rows16, Lanes<16>, 1, 128)
ROWS(rows64, Lanes<32>, 1, 128)
ROWS(rows1024, Lanes<32>, 4, 128)
ROWS(rows, WholeBlock, 4, 1024)
