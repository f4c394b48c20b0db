// Who works on a row or on columns, and how they are read: lanes of a warp or a whole block share a row, each of them
// taking runs of neighbouring elements in turn. Which thread takes which element depends on the length only, not on how
// the row lies in memory, and so do the bits of the results.
#ifndef JACOBIAN_ROWS_CUH
#define JACOBIAN_ROWS_CUH

#include "reduction.cuh"

/** A power of two of neighbouring lanes. */
template <int LANES>
struct Lanes {
    static __device__ __forceinline__ unsigned int rank() {
        return threadIdx.x % LANES;
    }

    static __device__ __forceinline__ unsigned int size() {
        return LANES;
    }

    static __device__ __forceinline__ long long row() {
        return (long long) blockIdx.x * (blockDim.x / LANES) + threadIdx.x / LANES;
    }

    template <class Op>
    static __device__ __forceinline__ typename Op::Value reduce(typename Op::Value value) {
        return warpReduce<Op, LANES>(value);
    }
};

struct WholeBlock {
    static __device__ __forceinline__ unsigned int rank() {
        return threadIdx.x;
    }

    static __device__ __forceinline__ unsigned int size() {
        return blockDim.x;
    }

    static __device__ __forceinline__ long long row() {
        return blockIdx.x;
    }

    template <class Op>
    static __device__ __forceinline__ typename Op::Value reduce(typename Op::Value value) {
        return blockReduce<Op>(value);
    }
};

template <int RUN>
struct Run {
    float at[RUN];
};

__device__ __forceinline__ bool aligned(const float* p) {
    return ((unsigned long long) p & 15) == 0;
}

/** How many of the elements from i on are in a run. */
template <int RUN>
__device__ __forceinline__ int runLength(unsigned int i, unsigned int n) {
    return i >= n ? 0 : n - i < RUN ? (int) (n - i) : RUN;
}

/** Elements of a row with a step between them from i on, as many as there are, then others. */
template <int RUN>
__device__ __forceinline__ Run<RUN> loadRun(const float* row, long long step, unsigned int i, unsigned int n,
                                            float other) {
    Run<RUN> run;
    const float* p = row + i * step;
    if (RUN == 4 && step == 1 && n >= 4 && i <= n - 4 && aligned(p)) {
        float4 quad = *reinterpret_cast<const float4*>(p);
        run.at[0] = quad.x;
        run.at[1 % RUN] = quad.y;
        run.at[2 % RUN] = quad.z;
        run.at[3 % RUN] = quad.w;
        return run;
    }
    int length = runLength<RUN>(i, n);
#pragma unroll
    for (int k = 0; k < RUN; k++) {
        run.at[k] = k < length ? p[k * step] : other;
    }
    return run;
}

/** Writes elements of a dense row from i on, as many as there are. */
template <int RUN>
__device__ __forceinline__ void storeRun(float* row, unsigned int i, unsigned int n, const Run<RUN>& run) {
    float* p = row + i;
    if (RUN == 4 && n >= 4 && i <= n - 4 && aligned(p)) {
        *reinterpret_cast<float4*>(p) = make_float4(run.at[0], run.at[1 % RUN], run.at[2 % RUN], run.at[3 % RUN]);
        return;
    }
    int length = runLength<RUN>(i, n);
#pragma unroll
    for (int k = 0; k < RUN; k++) {
        if (k < length) {
            p[k] = run.at[k];
        }
    }
}

/** Of a block that sums the parts of 32 columns: tall, narrow matrices have many parts, and few blocks that sum them. */
#define FINISH_THREADS 1024

/** Part of all columns' rows: `width` columns a block, and every 256 / width-th row of a chunk for a thread. */
struct ColumnPart {
    int column;
    long long chunk;
    long long row;
    long long end;
    int step;

    __device__ __forceinline__ ColumnPart(long long rows, int columns, int width, int columnBlocks,
                                          long long chunkRows) {
        column = blockIdx.x % columnBlocks * width + threadIdx.x % width;
        chunk = blockIdx.x / columnBlocks;
        step = 256 / width;
        end = (chunk + 1) * chunkRows < rows ? (chunk + 1) * chunkRows : rows;
        row = column < columns ? chunk * chunkRows + threadIdx.x / width : end;
    }

    /** Whether so many rows of this thread are left. Where four are, their loads can be under way together. */
    __device__ __forceinline__ bool has(int some) const {
        return row + (some - 1) * step < end;
    }
};

/** a / b; by 32-bit division where both allow it, which is several times as fast. */
__device__ __forceinline__ unsigned long long quotient(unsigned long long a, unsigned long long b) {
    return ((a | b) >> 32) == 0 ? (unsigned int) a / (unsigned int) b : a / b;
}

#endif
