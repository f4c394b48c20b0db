// Maxima and means over a window that moves over planes, and their gradients. One thread computes one element: a
// gradient is gathered from the windows that its element belongs to, in their order.
#include "window.cuh"

struct Planes {
    int height;
    int width;
    int outputH;
    int outputW;
};

// Where in its plane an element is.
struct Place {
    unsigned int plane;
    int row;
    int column;
};

static __device__ __forceinline__ Place placeOf(unsigned int i, int height, int width) {
    unsigned int row = i / width;
    return Place{row / height, (int) (row % height), (int) (i % width)};
}

// The positions of a window, along one axis, that have a coordinate in their reach; those between the elements of a
// dilated window are among them.
struct Positions {
    int first;
    int last;
};

static __device__ __forceinline__ Positions positionsOf(int coordinate, int kernel, int stride, int padding,
                                                        int dilation, int output) {
    int fromPadding = coordinate + padding;
    int reach = (kernel - 1) * dilation;
    int first = fromPadding > reach ? (fromPadding - reach + stride - 1) / stride : 0;
    int last = fromPadding / stride;
    return Positions{first, last < output ? last : output - 1};
}

extern "C" __global__ void pooling_max_f32(const float* x, float* y, int* index, unsigned int n, Planes planes,
                                           Window w) {
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) {
        return;
    }
    Place at = placeOf(i, planes.outputH, planes.outputW);
    const float* plane = x + (long long) at.plane * planes.height * planes.width;
    float largest = 0.0f;
    int where = -1;
    for (int a = 0; a < w.kernelH; a++) {
        int row = at.row * w.strideH - w.paddingH + a * w.dilationH;
        if (row < 0 || row >= planes.height) {
            continue;
        }
        for (int b = 0; b < w.kernelW; b++) {
            int column = at.column * w.strideW - w.paddingW + b * w.dilationW;
            if (column < 0 || column >= planes.width) {
                continue;
            }
            float value = plane[row * planes.width + column];
            if (where < 0 || value > largest || (value != value && largest == largest)) {
                largest = value;
                where = row * planes.width + column;
            }
        }
    }
    y[i] = largest;
    index[i] = where;
}

extern "C" __global__ void pooling_max_backward_f32(const float* dy, const int* index, float* dx, unsigned int n,
                                                    Planes planes, Window w) {
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) {
        return;
    }
    Place at = placeOf(i, planes.height, planes.width);
    Positions rows = positionsOf(at.row, w.kernelH, w.strideH, w.paddingH, w.dilationH, planes.outputH);
    Positions columns = positionsOf(at.column, w.kernelW, w.strideW, w.paddingW, w.dilationW, planes.outputW);
    long long plane = (long long) at.plane * planes.outputH * planes.outputW;
    float sum = 0.0f;
    for (int p = rows.first; p <= rows.last; p++) {
        for (int q = columns.first; q <= columns.last; q++) {
            long long window = plane + p * planes.outputW + q;
            if (index[window] == at.row * planes.width + at.column) {
                sum += dy[window];
            }
        }
    }
    dx[i] = sum;
}

// How many elements of the input a window that is not dilated has along one axis.
static __device__ __forceinline__ int insideOf(int position, int kernel, int stride, int padding, int length) {
    int first = position * stride - padding;
    int end = first + kernel;
    return (end < length ? end : length) - (first > 0 ? first : 0);
}

static __device__ __forceinline__ float divisorOf(int p, int q, const Planes& planes, const Window& w,
                                                  bool countIncludePad) {
    if (countIncludePad) {
        return (float) (w.kernelH * w.kernelW);
    }
    return (float) (insideOf(p, w.kernelH, w.strideH, w.paddingH, planes.height) *
                    insideOf(q, w.kernelW, w.strideW, w.paddingW, planes.width));
}

extern "C" __global__ void pooling_mean_f32(const float* x, float* y, unsigned int n, Planes planes, Window w,
                                            int countIncludePad) {
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) {
        return;
    }
    Place at = placeOf(i, planes.outputH, planes.outputW);
    const float* plane = x + (long long) at.plane * planes.height * planes.width;
    float sum = 0.0f;
    for (int a = 0; a < w.kernelH; a++) {
        int row = at.row * w.strideH - w.paddingH + a;
        if (row < 0 || row >= planes.height) {
            continue;
        }
        for (int b = 0; b < w.kernelW; b++) {
            int column = at.column * w.strideW - w.paddingW + b;
            if (column >= 0 && column < planes.width) {
                sum += plane[row * planes.width + column];
            }
        }
    }
    y[i] = sum / divisorOf(at.row, at.column, planes, w, countIncludePad != 0);
}

extern "C" __global__ void pooling_mean_backward_f32(const float* dy, float* dx, unsigned int n, Planes planes,
                                                     Window w, int countIncludePad) {
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) {
        return;
    }
    Place at = placeOf(i, planes.height, planes.width);
    Positions rows = positionsOf(at.row, w.kernelH, w.strideH, w.paddingH, 1, planes.outputH);
    Positions columns = positionsOf(at.column, w.kernelW, w.strideW, w.paddingW, 1, planes.outputW);
    const float* plane = dy + (long long) at.plane * planes.outputH * planes.outputW;
    float sum = 0.0f;
    for (int p = rows.first; p <= rows.last; p++) {
        for (int q = columns.first; q <= columns.last; q++) {
            sum += plane[p * planes.outputW + q] / divisorOf(p, q, planes, w, countIncludePad != 0);
        }
    }
    dx[i] = sum;
}
