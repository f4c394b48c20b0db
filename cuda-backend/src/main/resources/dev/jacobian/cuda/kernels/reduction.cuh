// Reductions within a warp and within a block of 32, 64, ..., 1024 threads in one dimension. The order in which values
// are combined depends on the number of threads only, so results are the same bits in every run. Every thread of the
// warp or block must call, and every thread gets the result.
#ifndef JACOBIAN_REDUCTION_CUH
#define JACOBIAN_REDUCTION_CUH

#define WARP_SIZE 32
#define WHOLE_WARP 0xffffffffu
#define POSITIVE_INFINITY __int_as_float(0x7f800000)
#define NEGATIVE_INFINITY __int_as_float(0xff800000)
#define NOT_A_NUMBER __int_as_float(0x7fffffff)

/** The larger; NaN if one is NaN; +0 of zeros with different signs. */
__device__ __forceinline__ float largerOf(float a, float b) {
    if (a == b) {
        return __int_as_float(__float_as_int(a) & __float_as_int(b));
    }
    return a > b || a != a ? a : b;
}

/** The smaller; NaN if one is NaN; -0 of zeros with different signs. */
__device__ __forceinline__ float smallerOf(float a, float b) {
    if (a == b) {
        return __int_as_float(__float_as_int(a) | __float_as_int(b));
    }
    return a < b || a != a ? a : b;
}

__device__ __forceinline__ int largerOf(int a, int b) {
    return a > b ? a : b;
}

__device__ __forceinline__ int smallerOf(int a, int b) {
    return a < b ? a : b;
}

// A way to combine values is a struct with the type of a value, the value that changes nothing, and combine(a, b),
// which must give the same bits as combine(b, a): lanes of a butterfly see their operands in either order.

template <class T>
struct Sum {
    typedef T Value;

    static __device__ __forceinline__ T identity() {
        return T(0);
    }

    static __device__ __forceinline__ T combine(T a, T b) {
        return a + b;
    }
};

template <class T>
struct Max;

template <class T>
struct Min;

template <>
struct Max<float> {
    typedef float Value;

    static __device__ __forceinline__ float identity() {
        return NEGATIVE_INFINITY;
    }

    static __device__ __forceinline__ float combine(float a, float b) {
        return largerOf(a, b);
    }
};

template <>
struct Min<float> {
    typedef float Value;

    static __device__ __forceinline__ float identity() {
        return POSITIVE_INFINITY;
    }

    static __device__ __forceinline__ float combine(float a, float b) {
        return smallerOf(a, b);
    }
};

template <>
struct Max<int> {
    typedef int Value;

    static __device__ __forceinline__ int identity() {
        return -2147483647 - 1;
    }

    static __device__ __forceinline__ int combine(int a, int b) {
        return largerOf(a, b);
    }
};

template <>
struct Min<int> {
    typedef int Value;

    static __device__ __forceinline__ int identity() {
        return 2147483647;
    }

    static __device__ __forceinline__ int combine(int a, int b) {
        return smallerOf(a, b);
    }
};

/**
 * The largest of some numbers that is not NaN, and the sum of e^(x - largest): a softmax's denominator in one pass
 * (Milakov and Gimelshein, 2018). NaN goes into the sum; -infinity adds nothing, even where there is nothing else.
 */
struct MaxSum {
    float max;
    float sum;

    /** What exponents are taken relative to: finite or +infinity, so that -infinity gives 0 and not NaN. */
    static __device__ __forceinline__ float center(float max) {
        return max == NEGATIVE_INFINITY ? 0.0f : max;
    }

    __device__ __forceinline__ void add(float x) {
        raise(x);
        sum += expf(x - center(max));
    }

    /** Makes the maximum at least x, the sum being relative to it from now on. */
    __device__ __forceinline__ void raise(float x) {
        if (x > max) {
            sum *= expf(max - x);
            max = x;
        }
    }
};

struct OnlineSoftmax {
    typedef MaxSum Value;

    static __device__ __forceinline__ MaxSum identity() {
        return MaxSum{NEGATIVE_INFINITY, 0.0f};
    }

    static __device__ __forceinline__ MaxSum combine(MaxSum a, MaxSum b) {
        float max = fmaxf(a.max, b.max);
        float center = MaxSum::center(max);
        // No fused multiply-add: it would treat the two operands differently.
        return MaxSum{max, __fadd_rn(__fmul_rn(a.sum, expf(a.max - center)), __fmul_rn(b.sum, expf(b.max - center)))};
    }
};

/** How many numbers, their mean, and the sum of their squared deviations from it (Chan, Golub and LeVeque, 1979). */
struct Moments {
    float count;
    float mean;
    float squares;

    /** Adds the first `some` of the numbers, at least one, by the moments that they have on their own. */
    template <int N>
    __device__ __forceinline__ void add(const float (&x)[N], int some) {
        float sum = 0.0f;
#pragma unroll
        for (int i = 0; i < N; i++) {
            sum += i < some ? x[i] : 0.0f;
        }
        float theirs = sum / (float) some;
        float deviations = 0.0f;
#pragma unroll
        for (int i = 0; i < N; i++) {
            float deviation = i < some ? x[i] - theirs : 0.0f;
            deviations += deviation * deviation;
        }
        float share = (float) some / (count + (float) some);
        float delta = theirs - mean;
        squares += deviations + delta * delta * count * share;
        mean += delta * share;
        count += (float) some;
    }
};

struct Chan {
    typedef Moments Value;

    static __device__ __forceinline__ Moments identity() {
        return Moments{0.0f, 0.0f, 0.0f};
    }

    /** Both means are weighed, which is symmetric but rounds relative to them: subtract a number near them first. */
    static __device__ __forceinline__ Moments combine(Moments a, Moments b) {
        float count = a.count + b.count;
        float left = count == 0.0f ? 0.0f : a.count / count;
        float right = count == 0.0f ? 0.0f : b.count / count;
        float delta = b.mean - a.mean;
        float between = __fmul_rn(__fmul_rn(delta, delta), __fmul_rn(count, __fmul_rn(left, right)));
        return Moments{count, __fadd_rn(__fmul_rn(left, a.mean), __fmul_rn(right, b.mean)),
                       __fadd_rn(__fadd_rn(a.squares, b.squares), between)};
    }
};

/** Two sums at once. */
struct TwoSums {
    float first;
    float second;
};

struct SumBoth {
    typedef TwoSums Value;

    static __device__ __forceinline__ TwoSums identity() {
        return TwoSums{0.0f, 0.0f};
    }

    static __device__ __forceinline__ TwoSums combine(TwoSums a, TwoSums b) {
        return TwoSums{a.first + b.first, a.second + b.second};
    }
};

template <class T>
__device__ __forceinline__ T shuffleXor(T value, int distance) {
    return __shfl_xor_sync(WHOLE_WARP, value, distance);
}

__device__ __forceinline__ MaxSum shuffleXor(MaxSum value, int distance) {
    return MaxSum{shuffleXor(value.max, distance), shuffleXor(value.sum, distance)};
}

__device__ __forceinline__ Moments shuffleXor(Moments value, int distance) {
    return Moments{shuffleXor(value.count, distance), shuffleXor(value.mean, distance),
                   shuffleXor(value.squares, distance)};
}

__device__ __forceinline__ TwoSums shuffleXor(TwoSums value, int distance) {
    return TwoSums{shuffleXor(value.first, distance), shuffleXor(value.second, distance)};
}

/** The reduction over each group of LANES neighbouring lanes, a power of two; all lanes of the warp must call. */
template <class Op, int LANES = WARP_SIZE>
__device__ __forceinline__ typename Op::Value warpReduce(typename Op::Value value) {
#pragma unroll
    for (int distance = LANES / 2; distance > 0; distance /= 2) {
        value = Op::combine(value, shuffleXor(value, distance));
    }
    return value;
}

/**
 * The reduction over the block. May be called again and again: the first barrier keeps the shared values until every
 * thread has read those of the call before.
 */
template <class Op>
__device__ __forceinline__ typename Op::Value blockReduce(typename Op::Value value) {
    __shared__ typename Op::Value ofWarp[WARP_SIZE];
    unsigned int lane = threadIdx.x % WARP_SIZE;
    value = warpReduce<Op>(value);
    __syncthreads();
    if (lane == 0) {
        ofWarp[threadIdx.x / WARP_SIZE] = value;
    }
    __syncthreads();
    return warpReduce<Op>(lane < blockDim.x / WARP_SIZE ? ofWarp[lane] : Op::identity());
}

/**
 * The reduction over all threads of the block with the same threadIdx.x % width, width a power of two, in blocks of
 * THREADS threads, also a power of two. May be called again and again.
 */
template <class Op, int THREADS>
__device__ __forceinline__ typename Op::Value columnReduce(typename Op::Value value, unsigned int width) {
    __shared__ typename Op::Value ofThread[THREADS];
    __syncthreads();
    ofThread[threadIdx.x] = value;
    __syncthreads();
    for (unsigned int distance = THREADS / 2; distance >= width; distance /= 2) {
        if (threadIdx.x < distance) {
            ofThread[threadIdx.x] = Op::combine(ofThread[threadIdx.x], ofThread[threadIdx.x + distance]);
        }
        __syncthreads();
    }
    return ofThread[threadIdx.x % width];
}

#endif
