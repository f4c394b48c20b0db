// The gradient of a convolution by its input.
#include "convolution_images.cuh"

// The coordinates of dx with one remainder by the stride: each meets the same elements of the kernel, every skip-th.
static __device__ __forceinline__ Axis backwardAxis(int length, int kernel, int stride, int padding, int dilation,
                                                    int skip, int remainder) {
    int first = 0;
    while (first < skip && (remainder + padding - first * dilation) % stride != 0) {
        first++;
    }
    int taps = first < skip && first < kernel ? (kernel - 1 - first) / skip + 1 : 0;
    return Axis{remainder < length ? (length - 1 - remainder) / stride + 1 : 0,
                remainder,
                stride,
                (remainder + padding - first * dilation) / stride,
                1,
                taps,
                -(skip * dilation / stride),
                first,
                skip};
}

// Blocks: tiles of rows, remainders by the strides, groups, tiles of columns, the first the fastest. skipH, skipW:
// stride / gcd(stride, dilation).
template <typename T>
static __device__ __forceinline__ void backwardInput(const float* dy, const float* weight, float* dx, const Shape& s,
                                                     const Window& w, int skipH, int skipW) {
    unsigned int block = blockIdx.x;
    int firstRow = take(block, (s.channels + T::ROWS - 1) / T::ROWS) * T::ROWS;
    int remainderW = take(block, w.strideW < s.width ? w.strideW : s.width);
    int remainderH = take(block, w.strideH < s.height ? w.strideH : s.height);
    int group = take(block, s.groups);
    int taps = w.kernelH * w.kernelW;
    Images images{dy,         weight,   dx,      s.filters,           s.channels, s.groups, s.images, s.outputH,
                  s.outputW,  s.height, s.width, s.channels * taps,   taps,       w.kernelW};
    images.weight += (long long) group * s.filters * s.channels * taps;
    convolve<T>(images, backwardAxis(s.height, w.kernelH, w.strideH, w.paddingH, w.dilationH, skipH, remainderH),
                backwardAxis(s.width, w.kernelW, w.strideW, w.paddingW, w.dilationW, skipW, remainderW), nullptr, group,
                firstRow, (int) block * T::COLUMNS);
}

#define KERNEL(NAME, T)                                                                                               \
    TILE_KERNEL(T) convolution_backward_input_##NAME##_f32(const float* dy, const float* weight, float* dx, Shape s,  \
                                                           Window w, int skipH, int skipW) {                          \
        backwardInput<T>(dy, weight, dx, s, w, skipH, skipW);                                                         \
    }

KERNEL(large, Large)
KERNEL(middle, Middle)
KERNEL(small, Small)
