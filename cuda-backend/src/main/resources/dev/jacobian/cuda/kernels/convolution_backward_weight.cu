// The gradient of a convolution by its weight.
#include "convolution_tiles.cuh"

// The product of the gradient by weight: rows are filters, columns the weights of one filter, terms the positions of y
// in all images.
template <typename T>
struct WeightLoader {
    const Shape& shape;
    const Window& window;
    const Tap (&taps)[T::COLUMNS];
    const float* x;
    const float* dy;
    int firstRow;
    int begin;
    int end;

    __device__ __forceinline__ void prepare(int) const {}

    __device__ __forceinline__ int rightTerm(int) const {
        return threadIdx.x % T::DEPTH;
    }

    __device__ __forceinline__ int rightColumn(int i) const {
        return threadIdx.x / T::DEPTH + i * (T::THREADS / T::DEPTH);
    }

    __device__ __forceinline__ void load(int step, float (&left)[T::LEFT_LOADS], float (&right)[T::RIGHT_LOADS]) {
        int plane = shape.outputH * shape.outputW;
        int term = begin + step * T::DEPTH + threadIdx.x % T::DEPTH;
        bool there = term < end;
        long long image = term / plane;
        int place = term % plane;
        int row = there ? place / shape.outputW * window.strideH - window.paddingH : FAR_AWAY;
        int column = place % shape.outputW * window.strideW - window.paddingW;
        const float* gradient = dy + image * shape.groups * shape.filters * plane + place;
        long long at = image * shape.groups * shape.channels * shape.height * shape.width +
                       (long long) row * shape.width + column;
#pragma unroll
        for (int i = 0; i < T::LEFT_LOADS; i++) {
            int r = firstRow + threadIdx.x / T::DEPTH + i * (T::THREADS / T::DEPTH);
            left[i] = there && r < shape.filters ? gradient[(long long) r * plane] : 0.0f;
        }
#pragma unroll
        for (int i = 0; i < T::RIGHT_LOADS; i++) {
            Tap tap = taps[rightColumn(i)];
            bool inside = isInside(row + tap.row, column + tap.column, shape.height, shape.width);
            right[i] = inside ? x[at + tap.source] : 0.0f;
        }
    }
};

// Blocks: tiles of rows, tiles of columns, groups, slices of the terms, the first the fastest. Each slice has its own
// result.
template <typename T>
static __device__ __forceinline__ void backwardWeight(const float* x, const float* dy, float* dweight, const Shape& s,
                                                      const Window& w, int slice) {
    __shared__ Tap taps[T::COLUMNS];
    int perChannel = w.kernelH * w.kernelW;
    int columns = s.channels * perChannel;
    unsigned int block = blockIdx.x;
    int firstRow = take(block, (s.filters + T::ROWS - 1) / T::ROWS) * T::ROWS;
    int firstColumn = take(block, (columns + T::COLUMNS - 1) / T::COLUMNS) * T::COLUMNS;
    int group = take(block, s.groups);
    for (int i = threadIdx.x; i < T::COLUMNS; i += T::THREADS) {
        int column = firstColumn + i;
        Tap tap{0, FAR_AWAY, 0, 0};
        if (column < columns) {
            tap.row = column % perChannel / w.kernelW * w.dilationH;
            tap.column = column % w.kernelW * w.dilationW;
            tap.source = (column / perChannel * s.height + tap.row) * s.width + tap.column;
        }
        taps[i] = tap;
    }
    int terms = s.images * s.outputH * s.outputW;
    int begin = (int) block * slice;
    int end = terms - begin < slice ? terms : begin + slice;
    WeightLoader<T> loader{s,
                           w,
                           taps,
                           x + (long long) group * s.channels * s.height * s.width,
                           dy + (long long) group * s.filters * s.outputH * s.outputW,
                           firstRow,
                           begin,
                           end};
    float sum[T::TALL][T::WIDE] = {};
    multiply<T>(loader, (end - begin + T::DEPTH - 1) / T::DEPTH, sum);
    float* result = dweight + ((long long) block * s.groups + group) * s.filters * columns;
#pragma unroll
    for (int i = 0; i < T::TALL; i++) {
#pragma unroll
        for (int j = 0; j < T::WIDE; j++) {
            int row = firstRow + rowOf<T>(i);
            int column = firstColumn + columnOf<T>(j);
            if (row < s.filters && column < columns) {
                result[(long long) row * columns + column] = sum[i][j];
            }
        }
    }
}

// dweight = the slices' results, added in their order.
extern "C" __global__ void convolution_add_slices_f32(const float* partial, float* dweight, long long n, int slices) {
    long long i = (long long) blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) {
        return;
    }
    float sum = 0.0f;
    for (int slice = 0; slice < slices; slice++) {
        sum += partial[slice * n + i];
    }
    dweight[i] = sum;
}

#define KERNEL(NAME, T)                                                                                               \
    TILE_KERNEL(T) convolution_backward_weight_##NAME##_f32(const float* x, const float* dy, float* dweight, Shape s, \
                                                            Window w, int slice) {                                    \
        backwardWeight<T>(x, dy, dweight, s, w, slice);                                                               \
    }

KERNEL(large, Large)
KERNEL(middle, Middle)
KERNEL(small, Small)
