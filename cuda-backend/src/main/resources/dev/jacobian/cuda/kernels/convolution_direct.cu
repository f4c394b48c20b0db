// Convolution with groups of a channel or a few, as depthwise convolution has them, which would leave tiles empty: one
// thread computes one element.
#include "convolution.cuh"
#include "reduction.cuh"

extern "C" __global__ void convolution_direct_forward_f32(const float* x, const float* weight, const float* bias,
                                                          float* y, unsigned int n, Shape s, Window w) {
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) {
        return;
    }
    unsigned int rest = i;
    int column = take(rest, s.outputW) * w.strideW - w.paddingW;
    int row = take(rest, s.outputH) * w.strideH - w.paddingH;
    int filter = take(rest, s.groups * s.filters);
    long long image = rest;
    const float* source =
            x + (image * s.groups + filter / s.filters) * s.channels * ((long long) s.height * s.width);
    const float* factor = weight + (long long) filter * s.channels * w.kernelH * w.kernelW;
    float sum = 0.0f;
    for (int c = 0; c < s.channels; c++) {
        for (int a = 0; a < w.kernelH; a++) {
            for (int b = 0; b < w.kernelW; b++) {
                int h = row + a * w.dilationH;
                int v = column + b * w.dilationW;
                if (isInside(h, v, s.height, s.width)) {
                    sum = fmaf(*factor, source[((long long) c * s.height + h) * s.width + v], sum);
                }
                factor++;
            }
        }
    }
    y[i] = sum + (bias == nullptr ? 0.0f : bias[filter]);
}

extern "C" __global__ void convolution_direct_backward_input_f32(const float* dy, const float* weight, float* dx,
                                                                 unsigned int n, Shape s, Window w) {
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) {
        return;
    }
    unsigned int rest = i;
    int column = take(rest, s.width) + w.paddingW;
    int row = take(rest, s.height) + w.paddingH;
    int channel = take(rest, s.channels);
    int group = take(rest, s.groups);
    long long image = rest;
    float sum = 0.0f;
    for (int o = 0; o < s.filters; o++) {
        long long filter = group * s.filters + o;
        const float* factor = weight + (filter * s.channels + channel) * w.kernelH * w.kernelW;
        const float* source = dy + (image * s.groups * s.filters + filter) * s.outputH * s.outputW;
        for (int a = 0; a < w.kernelH; a++) {
            for (int b = 0; b < w.kernelW; b++) {
                int h = row - a * w.dilationH;
                int v = column - b * w.dilationW;
                if (h % w.strideH == 0 && v % w.strideW == 0 &&
                    isInside(h / w.strideH, v / w.strideW, s.outputH, s.outputW)) {
                    sum = fmaf(*factor, source[(long long) (h / w.strideH) * s.outputW + v / w.strideW], sum);
                }
                factor++;
            }
        }
    }
    dx[i] = sum;
}

// One block computes one weight.
extern "C" __global__ void convolution_direct_backward_weight_f32(const float* x, const float* dy, float* dweight,
                                                                  Shape s, Window w) {
    unsigned int rest = blockIdx.x;
    int columnOffset = take(rest, w.kernelW) * w.dilationW - w.paddingW;
    int rowOffset = take(rest, w.kernelH) * w.dilationH - w.paddingH;
    int channel = take(rest, s.channels);
    int filter = (int) rest;
    int group = filter / s.filters;
    int plane = s.outputH * s.outputW;
    int terms = s.images * plane;
    float sum = 0.0f;
    for (int term = threadIdx.x; term < terms; term += blockDim.x) {
        long long image = term / plane;
        int place = term % plane;
        int h = place / s.outputW * w.strideH + rowOffset;
        int v = place % s.outputW * w.strideW + columnOffset;
        if (isInside(h, v, s.height, s.width)) {
            float gradient = dy[(image * s.groups * s.filters + filter) * plane + place];
            long long channelPlane = (image * s.groups + group) * s.channels + channel;
            sum = fmaf(gradient, x[(channelPlane * s.height + h) * s.width + v], sum);
        }
    }
    sum = blockReduce<Sum<float>>(sum);
    if (threadIdx.x == 0) {
        dweight[blockIdx.x] = sum;
    }
}
