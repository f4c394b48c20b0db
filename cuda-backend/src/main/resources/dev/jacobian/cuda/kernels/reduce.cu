// Sums, extremes and the positions of extremes over any axes of any strides.
//
// The kept axes number the results, the reduced axes what goes into each. Where many elements go into one result, they
// are cut into chunks, whose results are then reduced as rows. Which element goes into which partial result depends on
// lengths and on which axes lie densely, never on alignment or on the machine. A thread adds at most 16 elements to one
// sum before sums are added to each other in pairs, so that long sums are accurate.
#include "axes.cuh"
#include "reduction.cuh"

constexpr int THREADS = 256;

// A way to reduce: what is read, how it is begun and combined, and what is written at the end.
template <class Combination, class T>
struct Plain : Combination {
    typedef T Source;
    typedef T Result;

    static __device__ __forceinline__ T begin(T x, unsigned int) {
        return x;
    }

    static __device__ __forceinline__ T end(T value) {
        return value;
    }
};

template <class T>
struct Found {
    T value;
    unsigned int at;
};

template <class T>
__device__ __forceinline__ Found<T> shuffleXor(Found<T> found, int distance) {
    return Found<T>{shuffleXor(found.value, distance), shuffleXor(found.at, distance)};
}

// The first of the values that win: any NaN, else the extreme, which is the one that combining with another leaves.
template <class Extreme, class T>
struct First {
    typedef T Source;
    typedef Found<T> Value;
    typedef unsigned int Result;

    static __device__ __forceinline__ Found<T> identity() {
        return Found<T>{Extreme::identity(), 0xffffffffu};
    }

    static __device__ __forceinline__ Found<T> begin(T x, unsigned int at) {
        return Found<T>{x, at};
    }

    static __device__ __forceinline__ Found<T> combine(Found<T> a, Found<T> b) {
        bool equal = a.value == b.value || (a.value != a.value && b.value != b.value);
        if (equal) {
            return a.at < b.at ? a : b;
        }
        T winner = Extreme::combine(a.value, b.value);
        return winner == a.value || (winner != winner && a.value != a.value) ? a : b;
    }

    static __device__ __forceinline__ unsigned int end(Found<T> found) {
        return found.at;
    }
};

// The same of results of chunks, which know where they were found.
template <class Op>
struct Again : Op {
    typedef typename Op::Value Source;

    static __device__ __forceinline__ Source begin(Source x, unsigned int) {
        return x;
    }
};

// What a launch reduces. Results are numbered 0..results-1 and lie where the kept axes say, in out's case with those of
// further chunks after them; elements 0..count-1 of each result lie where both axes say together.
struct Work {
    Axes<2> kept;
    Axes<1> reduced;
    unsigned int results;
    unsigned int count;
    unsigned int chunk;
    // How many elements of the reduced axes were in launches before.
    unsigned int first;
    // How many threads lie side by side: along the elements of a row, or along the columns.
    unsigned int width;
    // Whether what is written are partial results.
    unsigned int isPartial;
    // Whether four neighbours along a row can be read at once.
    unsigned int isAligned;
};

template <class Op>
__device__ __forceinline__ void put(void* out, unsigned long long at, const Work& work, typename Op::Value value) {
    if (work.isPartial) {
        static_cast<typename Op::Value*>(out)[at] = value;
    } else {
        static_cast<typename Op::Result*>(out)[at] = Op::end(value);
    }
}

template <class Value>
struct Partials {
    Value v[4];
};

template <class Op>
__device__ __forceinline__ Partials<typename Op::Value> none() {
    return Partials<typename Op::Value>{{Op::identity(), Op::identity(), Op::identity(), Op::identity()}};
}

template <class Op>
__device__ __forceinline__ typename Op::Value together(const Partials<typename Op::Value>& p) {
    return Op::combine(Op::combine(p.v[0], p.v[1]), Op::combine(p.v[2], p.v[3]));
}

// Elements i..i+3 of a row, each into a partial result of its own.
template <class Op>
__device__ __forceinline__ void take(const typename Op::Source* x, const Work& work, unsigned int i, unsigned int end,
                                     Partials<typename Op::Value>& partials) {
    typedef typename Op::Source Source;
    if (work.isAligned && end - i >= 4) {
        Four<Source> elements = *reinterpret_cast<const Four<Source>*>(x + i);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            partials.v[j] = Op::combine(partials.v[j], Op::begin(elements.v[j], work.first + i + j));
        }
        return;
    }
#pragma unroll
    for (int j = 0; j < 4; j++) {
        if (i + j < end) {
            Source element = x[offsetOf(work.reduced, i + j)];
            partials.v[j] = Op::combine(partials.v[j], Op::begin(element, work.first + i + j));
        }
    }
}

// work.width threads, up to 32 or all of the block, along each row.
template <class Op>
__device__ __forceinline__ void reduceRows(void* out, const typename Op::Source* x, const Work& work) {
    unsigned int rowsOfBlock = THREADS / work.width;
    unsigned int blocksOfRows = (work.results + rowsOfBlock - 1) / rowsOfBlock;
    unsigned int chunk = blockIdx.x / blocksOfRows;
    unsigned int row = blockIdx.x % blocksOfRows * rowsOfBlock + threadIdx.x / work.width;
    unsigned int lane = threadIdx.x % work.width;
    unsigned long long at[2] = {0, 0};
    Partials<typename Op::Value> partials = none<Op>();
    if (row < work.results) {
        locate(work.kept, row, at);
        unsigned int end = min(work.count, (chunk + 1) * work.chunk);
#pragma unroll 2
        for (unsigned int i = chunk * work.chunk + 4 * lane; i < end; i += 4 * work.width) {
            take<Op>(x + at[0], work, i, end, partials);
        }
    }
    typename Op::Value value = together<Op>(partials);
    if (work.width > WARP_SIZE) {
        value = blockReduce<Op>(value);
    } else {
        for (unsigned int distance = work.width / 2; distance > 0; distance /= 2) {
            value = Op::combine(value, shuffleXor(value, distance));
        }
    }
    if (row < work.results && lane == 0) {
        put<Op>(out, at[1] + chunk, work, value);
    }
}

// work.width threads along the columns, which are read side by side; the others of the block along each column.
template <class Op>
__device__ __forceinline__ void reduceColumns(void* out, const typename Op::Source* x, const Work& work) {
    unsigned int lanes = THREADS / work.width;
    unsigned int blocksOfColumns = (work.results + work.width - 1) / work.width;
    unsigned int chunk = blockIdx.x / blocksOfColumns;
    unsigned int column = blockIdx.x % blocksOfColumns * work.width + threadIdx.x % work.width;
    unsigned int lane = threadIdx.x / work.width;
    unsigned long long at[2] = {0, 0};
    Partials<typename Op::Value> partials = none<Op>();
    if (column < work.results) {
        locate(work.kept, column, at);
        unsigned int end = min(work.count, (chunk + 1) * work.chunk);
        for (unsigned int i = chunk * work.chunk + lane; i < end; i += 4 * lanes) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                unsigned int k = i + j * lanes;
                if (k < end) {
                    typename Op::Source element = x[at[0] + offsetOf(work.reduced, k)];
                    partials.v[j] = Op::combine(partials.v[j], Op::begin(element, work.first + k));
                }
            }
        }
    }
    typename Op::Value value = columnReduce<Op, THREADS>(together<Op>(partials), work.width);
    if (column < work.results && lane == 0) {
        put<Op>(out, at[1] + chunk, work, value);
    }
}

#define REDUCE_ROWS(NAME, OP)                                                                                          \
    extern "C" __global__ void __launch_bounds__(THREADS) reduce_##NAME##_rows(void* out, const OP::Source* x,         \
                                                                              Work work) {                             \
        reduceRows<OP>(out, x, work);                                                                                  \
    }

#define REDUCE(NAME, OP)                                                                                               \
    REDUCE_ROWS(NAME, OP)                                                                                              \
    extern "C" __global__ void __launch_bounds__(THREADS) reduce_##NAME##_columns(void* out, const OP::Source* x,      \
                                                                                 Work work) {                          \
        reduceColumns<OP>(out, x, work);                                                                               \
    }

typedef Plain<Sum<float>, float> SumOfFloats;
// Wraps around, which signed sums in C++ do not.
typedef Plain<Sum<unsigned int>, unsigned int> SumOfInts;
typedef Plain<Max<float>, float> MaxOfFloats;
typedef Plain<Max<int>, int> MaxOfInts;
typedef Plain<Min<float>, float> MinOfFloats;
typedef Plain<Min<int>, int> MinOfInts;
typedef First<Max<float>, float> FirstMaxOfFloats;
typedef First<Max<int>, int> FirstMaxOfInts;
typedef First<Min<float>, float> FirstMinOfFloats;
typedef First<Min<int>, int> FirstMinOfInts;

REDUCE(sum_float32, SumOfFloats)
REDUCE(sum_int32, SumOfInts)
REDUCE(max_float32, MaxOfFloats)
REDUCE(max_int32, MaxOfInts)
REDUCE(min_float32, MinOfFloats)
REDUCE(min_int32, MinOfInts)
REDUCE(argmax_float32, FirstMaxOfFloats)
REDUCE(argmax_int32, FirstMaxOfInts)
REDUCE(argmin_float32, FirstMinOfFloats)
REDUCE(argmin_int32, FirstMinOfInts)
REDUCE_ROWS(argmax_float32_again, Again<FirstMaxOfFloats>)
REDUCE_ROWS(argmax_int32_again, Again<FirstMaxOfInts>)
REDUCE_ROWS(argmin_float32_again, Again<FirstMinOfFloats>)
REDUCE_ROWS(argmin_int32_again, Again<FirstMinOfInts>)
