// Reductions over any axes of any strides: what sums, extremes and positions of extremes share.
//
// The kept axes number the results, the reduced axes what goes into each. Where many elements go into one result, they
// are cut into chunks, whose results are then reduced as rows. Which element goes into which partial result depends on
// lengths and on which axes lie densely, never on alignment or on the machine. A thread adds at most 16 elements to one
// sum before sums are added to each other in pairs, so that long sums are accurate.
#ifndef JACOBIAN_REDUCE_CUH
#define JACOBIAN_REDUCE_CUH

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

// The elements of a result, as they lie: one by one, or those of i, i + step, i + 2 * step and i + 3 * step together.
template <class Source>
struct AlignedRow {
    const Source* x;

    __device__ __forceinline__ Source one(unsigned int i) const {
        return x[i];
    }

    // Of neighbours only: the step is 1.
    __device__ __forceinline__ Four<Source> four(unsigned int i, unsigned int) const {
        return *reinterpret_cast<const Four<Source>*>(x + i);
    }
};

template <class Source>
struct AlongAxis {
    const Source* x;
    unsigned int stride;

    __device__ __forceinline__ Source one(unsigned int i) const {
        return x[(unsigned long long) i * stride];
    }

    __device__ __forceinline__ Four<Source> four(unsigned int i, unsigned int step) const {
        return Four<Source>{{one(i), one(i + step), one(i + 2 * step), one(i + 3 * step)}};
    }
};

template <class Source>
struct AlongAxes {
    const Source* x;
    const Axes<1>& axes;

    __device__ __forceinline__ Source one(unsigned int i) const {
        unsigned long long at[1];
        locate(axes, i, at);
        return x[at[0]];
    }

    __device__ __forceinline__ Four<Source> four(unsigned int i, unsigned int step) const {
        return Four<Source>{{one(i), one(i + step), one(i + 2 * step), one(i + 3 * step)}};
    }
};

// Which elements of a result a thread takes: those of i, i + step, i + 2 * step and i + 3 * step, then the four that
// are `stride` further on, all below end.
struct Turns {
    unsigned int i;
    unsigned int step;
    unsigned int stride;
    unsigned int end;
};

// Each of the four goes into a partial result of its own. Fours that are all there come first, so that their loads wait
// for nothing, and are under way together.
template <class Op, class Elements>
__device__ __forceinline__ Partials<typename Op::Value> take(const Elements& elements, Turns turns,
                                                             unsigned int first) {
    typedef typename Op::Source Source;
    Partials<typename Op::Value> partials = none<Op>();
    unsigned int i = turns.i;
#pragma unroll 1
    for (; i + 3 * turns.step < turns.end; i += turns.stride) {
        Four<Source> four = elements.four(i, turns.step);
#pragma unroll
        for (int j = 0; j < 4; j++) {
            partials.v[j] = Op::combine(partials.v[j], Op::begin(four.v[j], first + i + j * turns.step));
        }
    }
#pragma unroll
    for (int j = 0; j < 3; j++) {
        unsigned int k = i + j * turns.step;
        if (k < turns.end) {
            partials.v[j] = Op::combine(partials.v[j], Op::begin(elements.one(k), first + k));
        }
    }
    return partials;
}

template <class Op>
__device__ __forceinline__ Partials<typename Op::Value> takeStrided(const typename Op::Source* x, const Work& work,
                                                                    Turns turns) {
    typedef typename Op::Source Source;
    if (work.reduced.rank <= 1) {
        return take<Op>(AlongAxis<Source>{x, work.reduced.strides[0][0]}, turns, work.first);
    }
    return take<Op>(AlongAxes<Source>{x, work.reduced}, turns, work.first);
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
        Turns turns{chunk * work.chunk + 4 * lane, 1, 4 * work.width, min(work.count, (chunk + 1) * work.chunk)};
        partials = work.isAligned ? take<Op>(AlignedRow<typename Op::Source>{x + at[0]}, turns, work.first)
                                  : takeStrided<Op>(x + at[0], work, turns);
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
        partials = takeStrided<Op>(x + at[0], work, Turns{chunk * work.chunk + lane, lanes, 4 * lanes, end});
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

#endif
