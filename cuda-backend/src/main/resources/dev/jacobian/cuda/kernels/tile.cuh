// Products of matrices that a block gathers as it goes, tile by tile.
#pragma once

// A tile of ROWS by COLUMNS, taken DEPTH terms at a time; a thread has TALL by WIDE of its elements, four neighbours
// and four neighbours again, ROWS / TALL * 4 rows or ACROSS * 4 columns further on.
template <int ROWS_, int COLUMNS_, int DEPTH_, int TALL_, int WIDE_>
struct Tile {
    static constexpr int ROWS = ROWS_;
    static constexpr int COLUMNS = COLUMNS_;
    static constexpr int DEPTH = DEPTH_;
    static constexpr int TALL = TALL_;
    static constexpr int WIDE = WIDE_;
    static constexpr int ACROSS = COLUMNS / WIDE;
    static constexpr int THREADS = ROWS / TALL * ACROSS;
    // Four more than needed, so that neighbouring terms of one row, as they are stored, lie in different banks.
    static constexpr int LEFT_PITCH = ROWS + 4;
    static constexpr int RIGHT_PITCH = COLUMNS + 4;
    static constexpr int LEFT_LOADS = ROWS * DEPTH / THREADS;
    static constexpr int RIGHT_LOADS = COLUMNS * DEPTH / THREADS;
};

static __device__ __forceinline__ void read4(float* to, const float* from) {
    float4 four = *reinterpret_cast<const float4*>(from);
    to[0] = four.x;
    to[1] = four.y;
    to[2] = four.z;
    to[3] = four.w;
}

// Where in its tile a thread's element is.
template <typename T>
static __device__ __forceinline__ int rowOf(int i) {
    return threadIdx.x / T::ACROSS * 4 + i / 4 * (T::ROWS / T::TALL * 4) + i % 4;
}

template <typename T>
static __device__ __forceinline__ int columnOf(int j) {
    return threadIdx.x % T::ACROSS * 4 + j / 4 * (T::ACROSS * 4) + j % 4;
}

// The sums of a block's tile. A loader reads what belongs to DEPTH terms into registers (load), and says which element
// of the right tile the i-th of them is (rightTerm, rightColumn); prepare makes ready, before a barrier, what load
// needs. While one pair of tiles is multiplied, the next is on its way.
template <typename T, typename Loader>
static __device__ __forceinline__ void multiply(Loader& loader, int steps, float (&sum)[T::TALL][T::WIDE]) {
    __shared__ float4 leftTiles[2][T::DEPTH][T::LEFT_PITCH / 4];
    __shared__ float4 rightTiles[2][T::DEPTH][T::RIGHT_PITCH / 4];
    float left[T::LEFT_LOADS];
    float right[T::RIGHT_LOADS];
    loader.prepare(0);
    __syncthreads();
    for (int step = -1; step < steps; step++) {
        bool more = step + 1 < steps;
        if (more) {
            loader.load(step + 1, left, right);
        }
        if (step >= 0) {
#pragma unroll
            for (int term = 0; term < T::DEPTH; term++) {
                const float* leftRow = reinterpret_cast<const float*>(leftTiles[step & 1][term]);
                const float* rightRow = reinterpret_cast<const float*>(rightTiles[step & 1][term]);
                float a[T::TALL];
                float b[T::WIDE];
#pragma unroll
                for (int i = 0; i < T::TALL; i += 4) {
                    read4(a + i, leftRow + rowOf<T>(i));
                }
#pragma unroll
                for (int j = 0; j < T::WIDE; j += 4) {
                    read4(b + j, rightRow + columnOf<T>(j));
                }
#pragma unroll
                for (int i = 0; i < T::TALL; i++) {
#pragma unroll
                    for (int j = 0; j < T::WIDE; j++) {
                        sum[i][j] = fmaf(a[i], b[j], sum[i][j]);
                    }
                }
            }
        }
        if (more) {
            int next = (step + 1) & 1;
#pragma unroll
            for (int i = 0; i < T::LEFT_LOADS; i++) {
                int row = threadIdx.x / T::DEPTH + i * (T::THREADS / T::DEPTH);
                reinterpret_cast<float*>(leftTiles[next][threadIdx.x % T::DEPTH])[row] = left[i];
            }
#pragma unroll
            for (int i = 0; i < T::RIGHT_LOADS; i++) {
                reinterpret_cast<float*>(rightTiles[next][loader.rightTerm(i)])[loader.rightColumn(i)] = right[i];
            }
            loader.prepare(step + 2);
        }
        __syncthreads();
    }
}
