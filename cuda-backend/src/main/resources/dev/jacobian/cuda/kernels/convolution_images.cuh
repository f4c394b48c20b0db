// What forward pass and gradient by input share: products of weights and images.
#pragma once
#include "convolution_tiles.cuh"

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
    // Of the terms from a multiple of THREADS on, and of as many after them.
    Tap (&taps)[2 * T::THREADS];
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

    // Each thread makes one tap for the steps to come, so that the divisions are few.
    __device__ __forceinline__ void prepare(int step) {
        if (step % (T::THREADS / T::DEPTH) != 0) {
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
        taps[term % (2 * T::THREADS)] = tap;
    }

    __device__ __forceinline__ int rightTerm(int i) const {
        return threadIdx.x / T::COLUMNS + i * (T::THREADS / T::COLUMNS);
    }

    __device__ __forceinline__ int rightColumn(int) const {
        return threadIdx.x % T::COLUMNS;
    }

    __device__ __forceinline__ void load(int step, float (&left)[T::LEFT_LOADS], float (&right)[T::RIGHT_LOADS]) {
        const Tap* ofStep = taps + step * T::DEPTH % (2 * T::THREADS);
        int place = ofStep[threadIdx.x % T::DEPTH].weight;
#pragma unroll
        for (int i = 0; i < T::LEFT_LOADS; i++) {
            int r = firstRow + threadIdx.x / T::DEPTH + i * (T::THREADS / T::DEPTH);
            left[i] = place >= 0 && r < images.rows ? weight[r * images.rowStep + place] : 0.0f;
        }
#pragma unroll
        for (int i = 0; i < T::RIGHT_LOADS; i++) {
            Tap tap = ofStep[rightTerm(i)];
            bool inside = isInside(row + tap.row, column + tap.column, images.height, images.width);
            right[i] = inside ? source[at + tap.source] : 0.0f;
        }
    }
};

template <typename T>
static __device__ __forceinline__ void convolve(const Images& images, const Axis& vertical, const Axis& horizontal,
                                                const float* bias, int group, int firstRow, int firstColumn) {
    __shared__ Tap taps[2 * T::THREADS];
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
    if (bias != nullptr) {
#pragma unroll
        for (int i = 0; i < T::TALL; i++) {
            int row = firstRow + rowOf<T>(i);
            float added = row < images.rows ? bias[group * images.rows + row] : 0.0f;
#pragma unroll
            for (int j = 0; j < T::WIDE; j++) {
                sum[i][j] += added;
            }
        }
    }
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
                if (byFour) {
                    *reinterpret_cast<float4*>(at + row * plane) =
                            make_float4(sum[i][j], sum[i][j / 4 * 4 + 1],
                                        sum[i][j / 4 * 4 + 2], sum[i][j / 4 * 4 + 3]);
                } else {
                    at[row * plane] = sum[i][j];
                }
            }
        }
    }
}
