// The forward pass of a convolution.
#include "convolution_images.cuh"

static __device__ __forceinline__ Axis forwardAxis(int output, int kernel, int stride, int padding, int dilation) {
    return Axis{output, 0, 1, -padding, stride, kernel, dilation, 0, 1};
}

// Blocks: tiles of rows, tiles of columns, groups, the first the fastest.
template <typename T>
static __device__ __forceinline__ void forward(const float* x, const float* weight, const float* bias, float* y,
                                               const Shape& s, const Window& w) {
    unsigned int block = blockIdx.x;
    int firstRow = take(block, (s.filters + T::ROWS - 1) / T::ROWS) * T::ROWS;
    int group = take(block, s.groups);
    int taps = w.kernelH * w.kernelW;
    Images images{x,          weight,    y,         s.channels, s.filters, s.groups,         s.images, s.height,
                  s.width,    s.outputH, s.outputW, taps,       s.channels * taps, w.kernelW};
    images.weight += (long long) group * s.filters * s.channels * taps;
    convolve<T>(images, forwardAxis(s.outputH, w.kernelH, w.strideH, w.paddingH, w.dilationH),
                forwardAxis(s.outputW, w.kernelW, w.strideW, w.paddingW, w.dilationW), bias, group, firstRow,
                (int) block * T::COLUMNS);
}

#define KERNEL(NAME, T)                                                                                               \
    TILE_KERNEL(T) convolution_forward_##NAME##_f32(const float* x, const float* weight, const float* bias, float* y, \
                                                    Shape s, Window w) {                                              \
        forward<T>(x, weight, bias, y, s, w);                                                                         \
    }

KERNEL(large, Large)
KERNEL(middle, Middle)
KERNEL(small, Small)
