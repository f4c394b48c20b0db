// Two-dimensional convolution and both of its gradients as products of matrices that are never built: a block computes
// a tile of the result, and gathers the tiles of its operands from the images as it goes. Each element is one sum in
// ascending order of the terms, so the size of the tile does not change a bit.
#include "convolution.cuh"
#include "tile.cuh"

// As in CudaConv2d.
typedef Tile<128, 128, 8, 8, 8> Large;
typedef Tile<64, 128, 8, 8, 8> Middle;
typedef Tile<32, 64, 16, 4, 4> Small;

// A coordinate that no sum with another brings back into an image.
constexpr int FAR_AWAY = -(1 << 30);

// One axis of a product over images: position u of the result has coordinate origin + u * spread, and its tap t meets
// the source at start + u * move + t * step with element first + t * skip of the kernel.
struct Axis {
    int positions;
    int origin;
    int spread;
    int start;
    int move;
    int taps;
    int step;
    int first;
    int skip;
};

static __device__ __forceinline__ Axis forwardAxis(int output, int kernel, int stride, int padding, int dilation) {
    return Axis{output, 0, 1, -padding, stride, kernel, dilation, 0, 1};
}

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

// What one term of the sums is: a distance in the source, in elements and in coordinates, and a place in the weight.
struct Tap {
    int source;
    int row;
    int column;
    int weight;
};

// The product of forward pass and gradient by input: rows are the result's channels, columns its positions in all
// images, terms the source's channels and the taps.
struct Images {
    const float* source;
    const float* weight;
    float* result;
    // Channels of a group, of the source and of the result.
    int channels;
    int rows;
    int groups;
    int images;
    int height;
    int width;
    int resultH;
    int resultW;
    // The weight's strides by the source's channel and by the result's.
    int channelStep;
    int rowStep;
    int kernelW;
};

template <typename T>
struct ImageLoader {
    const Images& images;
    const Axis& vertical;
    const Axis& horizontal;
    Tap (&taps)[2][T::DEPTH];
    const float* source;
    const float* weight;
    int firstRow;
    int terms;
    // The position that this thread's column is.
    long long at;
    int row;
    int column;

    // Makes the column a position, or one that meets nothing.
    __device__ __forceinline__ void locate(int position, int positions) {
        int perImage = vertical.positions * horizontal.positions;
        int image = position / perImage;
        int u = position % perImage / horizontal.positions;
        int v = position % horizontal.positions;
        row = position < positions ? vertical.start + u * vertical.move : FAR_AWAY;
        column = horizontal.start + v * horizontal.move;
        at = (long long) image * images.groups * images.channels * images.height * images.width +
             (long long) row * images.width + column;
    }

    __device__ __forceinline__ void prepare(int step) {
        if (threadIdx.x >= T::DEPTH) {
            return;
        }
        int term = step * T::DEPTH + threadIdx.x;
        int perChannel = vertical.taps * horizontal.taps;
        Tap tap{0, FAR_AWAY, 0, -1};
        if (term < terms) {
            int channel = term / perChannel;
            int i = term % perChannel / horizontal.taps;
            int j = term % horizontal.taps;
            tap.row = i * vertical.step;
            tap.column = j * horizontal.step;
            tap.source = (channel * images.height + tap.row) * images.width + tap.column;
            tap.weight = channel * images.channelStep + (vertical.first + i * vertical.skip) * images.kernelW +
                         horizontal.first + j * horizontal.skip;
        }
        taps[step & 1][threadIdx.x] = tap;
    }

    __device__ __forceinline__ int rightTerm(int i) const {
        return threadIdx.x / T::COLUMNS + i * (T::THREADS / T::COLUMNS);
    }

    __device__ __forceinline__ int rightColumn(int) const {
        return threadIdx.x % T::COLUMNS;
    }

    __device__ __forceinline__ void load(int step, float (&left)[T::LEFT_LOADS], float (&right)[T::RIGHT_LOADS]) {
        int place = taps[step & 1][threadIdx.x % T::DEPTH].weight;
#pragma unroll
        for (int i = 0; i < T::LEFT_LOADS; i++) {
            int r = firstRow + threadIdx.x / T::DEPTH + i * (T::THREADS / T::DEPTH);
            left[i] = place >= 0 && r < images.rows ? weight[r * images.rowStep + place] : 0.0f;
        }
#pragma unroll
        for (int i = 0; i < T::RIGHT_LOADS; i++) {
            Tap tap = taps[step & 1][rightTerm(i)];
            bool inside = isInside(row + tap.row, column + tap.column, images.height, images.width);
            right[i] = inside ? source[at + tap.source] : 0.0f;
        }
    }
};

template <typename T>
static __device__ __forceinline__ void convolve(const Images& images, const Axis& vertical, const Axis& horizontal,
                                                const float* bias, int group, int firstRow, int firstColumn) {
    __shared__ Tap taps[2][T::DEPTH];
    int perImage = vertical.positions * horizontal.positions;
    int positions = images.images * perImage;
    if (firstColumn >= positions) {
        return;
    }
    long long sourcePlanes = (long long) group * images.channels;
    ImageLoader<T> loader{images,
                          vertical,
                          horizontal,
                          taps,
                          images.source + sourcePlanes * images.height * images.width,
                          images.weight,
                          firstRow,
                          images.channels * vertical.taps * horizontal.taps};
    loader.locate(firstColumn + threadIdx.x % T::COLUMNS, positions);
    float sum[T::TALL][T::WIDE] = {};
    multiply<T>(loader, (loader.terms + T::DEPTH - 1) / T::DEPTH, sum);

    long long plane = (long long) images.resultH * images.resultW;
    float* result = images.result + group * images.rows * plane;
    bool byFour = vertical.spread == 1 && horizontal.spread == 1 && plane % 4 == 0 &&
                  (unsigned long long) images.result % 16 == 0;
#pragma unroll
    for (int j = 0; j < T::WIDE; j++) {
        int position = firstColumn + columnOf<T>(j);
        if (position >= positions || (byFour && j % 4 != 0)) {
            continue;
        }
        int u = position % perImage / horizontal.positions;
        int v = position % horizontal.positions;
        float* at = result + position / perImage * plane * images.groups * images.rows +
                    (long long) (vertical.origin + u * vertical.spread) * images.resultW + horizontal.origin +
                    v * horizontal.spread;
#pragma unroll
        for (int i = 0; i < T::TALL; i++) {
            int row = firstRow + rowOf<T>(i);
            if (row < images.rows) {
                float added = bias == nullptr ? 0.0f : bias[group * images.rows + row];
                if (byFour) {
                    *reinterpret_cast<float4*>(at + row * plane) =
                            make_float4(sum[i][j] + added, sum[i][j / 4 * 4 + 1] + added,
                                        sum[i][j / 4 * 4 + 2] + added, sum[i][j / 4 * 4 + 3] + added);
                } else {
                    at[row * plane] = sum[i][j] + added;
                }
            }
        }
    }
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

// As many blocks a multiprocessor as leave 128 registers to a thread.
#define CONVOLUTION(NAME, T)                                                                                          \
    extern "C" __global__ void __launch_bounds__(T::THREADS, 512 / T::THREADS) convolution_forward_##NAME##_f32(      \
            const float* x, const float* weight, const float* bias, float* y, Shape s, Window w) {                    \
        forward<T>(x, weight, bias, y, s, w);                                                                         \
    }                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(T::THREADS, 512 / T::THREADS)                                        \
            convolution_backward_input_##NAME##_f32(const float* dy, const float* weight, float* dx, Shape s,         \
                                                    Window w, int skipH, int skipW) {                                 \
        backwardInput<T>(dy, weight, dx, s, w, skipH, skipW);                                                         \
    }                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(T::THREADS, 512 / T::THREADS)                                        \
            convolution_backward_weight_##NAME##_f32(const float* x, const float* dy, float* dweight, Shape s,        \
                                                     Window w, int slice) {                                           \
        backwardWeight<T>(x, dy, dweight, s, w, slice);                                                               \
    }

CONVOLUTION(large, Large)
CONVOLUTION(middle, Middle)
CONVOLUTION(small, Small)
