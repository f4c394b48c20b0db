// What the kernels of convolutions share.
#pragma once
#include "window.cuh"

// Forward pass and gradient by weight: x [images, groups * channels, height, width], y and dy
// [images, groups * filters, outputH, outputW], weight [groups * filters, channels, kernelH, kernelW].
struct Shape {
    int images;
    int groups;
    int channels;
    int filters;
    int height;
    int width;
    int outputH;
    int outputW;
};

static __device__ __forceinline__ bool isInside(int row, int column, int height, int width) {
    return (unsigned int) row < (unsigned int) height && (unsigned int) column < (unsigned int) width;
}

// A number that indexes several things is taken apart from the fastest on.
static __device__ __forceinline__ int take(unsigned int& number, int length) {
    int rest = (int) (number % (unsigned int) length);
    number /= (unsigned int) length;
    return rest;
}
