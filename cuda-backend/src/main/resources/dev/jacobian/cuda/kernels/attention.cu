// Scaled dot-product attention, forward and backward, by tiles of 64 queries and 64 keys: scores live in registers and
// in shared memory only (Dao et al., 2022). A block computes 64 columns of its rows' results; where heads are wider,
// each further block goes through the scores again. No sum is shared by blocks, so the order of all is fixed.
#include "rows.cuh"

// The queries and the keys of a tile, and the columns of a block.
#define TILE 64
// Terms of a product that are in shared memory at a time.
#define SLAB 16
#define PITCH (TILE + 4)
// A thread has 4 by 4 elements of a tile.
#define SIDE (TILE / 4)
#define THREADS (SIDE * SIDE)

/** [batch, heads, rows, columns] with columns next to each other. */
struct Heads {
    float* data;
    long long batch;
    long long head;
    long long row;

    __device__ __forceinline__ float* of(const int b, const int h) const {
        return data + b * batch + h * head;
    }
};

struct Sizes {
    int heads;
    int queries;
    int keys;
    int columns;
    int causal;
    float scale;
};

/** Which tile of rows, of which head, and which columns a block has. */
struct Place {
    int first;
    int column;
    int batch;
    int head;
    long long headNumber;

    __device__ __forceinline__ Place(const Sizes& s, int rows) {
        int chunks = s.columns > TILE ? (s.columns + TILE - 1) / TILE : 1;
        int tiles = (rows + TILE - 1) / TILE;
        unsigned int block = blockIdx.x;
        column = (int) (block % chunks) * TILE;
        block /= chunks;
        first = (int) (block % tiles) * TILE;
        headNumber = block / tiles;
        head = (int) (headNumber % s.heads);
        batch = (int) (headNumber / s.heads);
    }
};

__device__ __forceinline__ int tall() {
    return threadIdx.x / SIDE * 4;
}

__device__ __forceinline__ int wide() {
    return threadIdx.x % SIDE * 4;
}

__device__ __forceinline__ void read4(float (&to)[4], const float* from) {
    float4 four = *reinterpret_cast<const float4*>(from);
    to[0] = four.x;
    to[1] = four.y;
    to[2] = four.z;
    to[3] = four.w;
}

/** sum += a bᵀ of four by four of the terms that lie in shared memory, term after term. */
__device__ __forceinline__ void addProducts(const float (*a)[PITCH], const float (*b)[PITCH], float (&sum)[4][4]) {
#pragma unroll
    for (int term = 0; term < SLAB; term++) {
        float left[4];
        float right[4];
        read4(left, a[term] + tall());
        read4(right, b[term] + wide());
#pragma unroll
        for (int i = 0; i < 4; i++) {
#pragma unroll
            for (int j = 0; j < 4; j++) {
                sum[i][j] = fmaf(left[i], right[j], sum[i][j]);
            }
        }
    }
}

/** SLAB columns of a tile of rows from `column` on, transposed, with zeros where there are none. */
__device__ __forceinline__ void loadTransposed(float (*to)[PITCH], const float* from, long long step, int rows,
                                               int column, int columns) {
    int row = threadIdx.x / 4;
    int term = threadIdx.x % 4 * 4;
#pragma unroll
    for (int k = 0; k < 4; k++) {
        bool inside = row < rows && column + term + k < columns;
        to[term + k][row] = inside ? from[row * step + column + term + k] : 0.0f;
    }
}

/** SLAB rows from `row` on of a tile of columns, with zeros where there are none. */
__device__ __forceinline__ void loadRows(float (*to)[PITCH], const float* from, long long step, int row, int rows,
                                         int columns) {
    int term = threadIdx.x / SIDE;
#pragma unroll
    for (int k = 0; k < 4; k++) {
        bool inside = row + term < rows && wide() + k < columns;
        to[term][wide() + k] = inside ? from[(row + term) * step + wide() + k] : 0.0f;
    }
}

/** sum = a bᵀ of rows of both. */
__device__ __forceinline__ void multiplyRows(const float* a, long long aStep, int aRows, const float* b,
                                             long long bStep, int bRows, int columns, float (&sum)[4][4]) {
    __shared__ float4 left[SLAB][PITCH / 4];
    __shared__ float4 right[SLAB][PITCH / 4];
    float(*lefts)[PITCH] = reinterpret_cast<float(*)[PITCH]>(left);
    float(*rights)[PITCH] = reinterpret_cast<float(*)[PITCH]>(right);
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            sum[i][j] = 0.0f;
        }
    }
    for (int column = 0; column < columns; column += SLAB) {
        loadTransposed(lefts, a, aStep, aRows, column, columns);
        loadTransposed(rights, b, bStep, bRows, column, columns);
        __syncthreads();
        addProducts(lefts, rights, sum);
        __syncthreads();
    }
}

/** sum += weightsᵀ b of a tile of weights [terms, rows] and rows of b, of which there may be fewer than in a tile. */
__device__ __forceinline__ void addWeighted(const float (*weights)[PITCH], const float* b, long long step, int rows,
                                            int columns, float (&sum)[4][4]) {
    __shared__ float4 right[SLAB][PITCH / 4];
    float(*rights)[PITCH] = reinterpret_cast<float(*)[PITCH]>(right);
    for (int row = 0; row < rows; row += SLAB) {
        loadRows(rights, b, step, row, rows, columns);
        __syncthreads();
        addProducts(weights + row, rights, sum);
        __syncthreads();
    }
}

/** Writes four by four of a tile. */
__device__ __forceinline__ void store(float* to, long long step, int rows, int columns, const float (&values)[4][4]) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            if (tall() + i < rows && wide() + j < columns) {
                to[(tall() + i) * step + wide() + j] = values[i][j];
            }
        }
    }
}

/** Whether a query may see a key, numbered from the first of all. */
__device__ __forceinline__ bool sees(const Sizes& s, int query, int key) {
    return query < s.queries && key < s.keys && (!s.causal || key <= query);
}

/** How many keys there are, up to the last one that any query of the tile may see. */
__device__ __forceinline__ int keysSeen(const Sizes& s, int firstQuery) {
    return s.causal && firstQuery + TILE < s.keys ? firstQuery + TILE : s.keys;
}

/** Keeps four by four elements for addWeighted, with rows (queries) or columns (keys) as its terms. */
__device__ __forceinline__ void keepByKey(float (*weights)[PITCH], const float (&values)[4][4]) {
#pragma unroll
    for (int j = 0; j < 4; j++) {
        *reinterpret_cast<float4*>(weights[wide() + j] + tall())
            = make_float4(values[0][j], values[1][j], values[2][j], values[3][j]);
    }
}

__device__ __forceinline__ void keepByQuery(float (*weights)[PITCH], const float (&values)[4][4]) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
        *reinterpret_cast<float4*>(weights[tall() + i] + wide())
            = make_float4(values[i][0], values[i][1], values[i][2], values[i][3]);
    }
}

/**
 * y = softmax(scale q kᵀ) v, the softmax taken as the tiles of keys come: what was summed so far is rescaled when a row's
 * maximum rises (Milakov and Gimelshein, 2018). SIDE neighbouring lanes share a row.
 */
extern "C" __global__ void __launch_bounds__(THREADS) attention_float32(Heads q, Heads k, Heads v, Heads y,
                                                                        float* logSumExp, Sizes s) {
    __shared__ float4 kept[TILE][PITCH / 4];
    float(*weights)[PITCH] = reinterpret_cast<float(*)[PITCH]>(kept);
    Place place(s, s.queries);
    int rows = s.queries - place.first;
    const float* queries = q.of(place.batch, place.head) + place.first * q.row;
    MaxSum all[4];
    float sum[4][4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        all[i] = OnlineSoftmax::identity();
#pragma unroll
        for (int j = 0; j < 4; j++) {
            sum[i][j] = 0.0f;
        }
    }
    int end = keysSeen(s, place.first);
    for (int first = 0; first < end; first += TILE) {
        float scores[4][4];
        multiplyRows(queries, q.row, rows, k.of(place.batch, place.head) + first * k.row, k.row, s.keys - first,
                     s.columns, scores);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float max = NEGATIVE_INFINITY;
#pragma unroll
            for (int j = 0; j < 4; j++) {
                bool seen = sees(s, place.first + tall() + i, first + wide() + j);
                scores[i][j] = seen ? scores[i][j] * s.scale : NEGATIVE_INFINITY;
                max = fmaxf(max, scores[i][j]);
            }
            max = fmaxf(all[i].max, warpReduce<Max<float>, SIDE>(max));
            float center = MaxSum::center(max);
            float factor = expf(all[i].max - center);
            float part = 0.0f;
#pragma unroll
            for (int j = 0; j < 4; j++) {
                bool seen = sees(s, place.first + tall() + i, first + wide() + j);
                scores[i][j] = seen ? expf(scores[i][j] - center) : 0.0f;
                part += scores[i][j];
                sum[i][j] *= factor;
            }
            all[i].max = max;
            all[i].sum = all[i].sum * factor + warpReduce<Sum<float>, SIDE>(part);
        }
        keepByKey(weights, scores);
        __syncthreads();
        addWeighted(weights, v.of(place.batch, place.head) + first * v.row + place.column, v.row,
                    s.keys - first < TILE ? s.keys - first : TILE, s.columns - place.column, sum);
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        if (s.keys > 0 && all[i].max == NEGATIVE_INFINITY) {
            all[i].sum = NOT_A_NUMBER; // every seen score is -infinity
        }
#pragma unroll
        for (int j = 0; j < 4; j++) {
            sum[i][j] = s.keys == 0 ? 0.0f : sum[i][j] / all[i].sum;
        }
        if (place.column == 0 && wide() == 0 && tall() + i < rows) {
            logSumExp[place.headNumber * s.queries + place.first + tall() + i] = all[i].max + logf(all[i].sum);
        }
    }
    store(y.of(place.batch, place.head) + place.first * y.row + place.column, y.row, rows, s.columns - place.column,
          sum);
}

/** Σ dy ⊙ y of each query: a warp a query. */
extern "C" __global__ void __launch_bounds__(128) attention_delta_float32(Heads y, Heads dy, float* delta,
                                                                          long long rows, Sizes s) {
    long long row = Lanes<WARP_SIZE>::row();
    float sum = 0.0f;
    if (row < rows) {
        long long number = row / s.queries;
        int b = (int) (number / s.heads);
        int h = (int) (number % s.heads);
        const float* result = y.of(b, h) + row % s.queries * y.row;
        const float* gradient = dy.of(b, h) + row % s.queries * dy.row;
        for (int i = threadIdx.x % WARP_SIZE; i < s.columns; i += WARP_SIZE) {
            sum = fmaf(result[i], gradient[i], sum);
        }
    }
    sum = warpReduce<Sum<float> >(sum);
    if (row < rows && threadIdx.x % WARP_SIZE == 0) {
        delta[row] = sum;
    }
}

/** Of a tile of queries and one of keys: the weights, and the gradient of the scores before they were scaled, times scale. */
__device__ __forceinline__ void gradients(Heads q, Heads k, Heads v, Heads dy, const float* logSumExp,
                                          const float* delta, const Sizes& s, const Place& place, int query, int key,
                                          float (&weights)[4][4], float (&dscores)[4][4]) {
    const float* keys = k.of(place.batch, place.head) + key * k.row;
    const float* values = v.of(place.batch, place.head) + key * v.row;
    multiplyRows(q.of(place.batch, place.head) + query * q.row, q.row, s.queries - query, keys, k.row, s.keys - key,
                 s.columns, weights);
    multiplyRows(dy.of(place.batch, place.head) + query * dy.row, dy.row, s.queries - query, values, v.row,
                 s.keys - key, s.columns, dscores);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        int row = query + tall() + i;
        long long at = place.headNumber * s.queries + row;
        float shift = row < s.queries ? logSumExp[at] : 0.0f;
        float mean = row < s.queries ? delta[at] : 0.0f;
#pragma unroll
        for (int j = 0; j < 4; j++) {
            bool seen = sees(s, row, key + wide() + j);
            weights[i][j] = seen ? expf(weights[i][j] * s.scale - shift) : 0.0f;
            dscores[i][j] = seen ? weights[i][j] * (dscores[i][j] - mean) * s.scale : 0.0f;
        }
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) attention_backward_queries_float32(
    Heads q, Heads k, Heads v, Heads dy, const float* logSumExp, const float* delta, Heads dq, Sizes s) {
    __shared__ float4 kept[TILE][PITCH / 4];
    float(*weights)[PITCH] = reinterpret_cast<float(*)[PITCH]>(kept);
    Place place(s, s.queries);
    float sum[4][4] = {};
    int end = keysSeen(s, place.first);
    for (int first = 0; first < end; first += TILE) {
        float scores[4][4];
        float dscores[4][4];
        gradients(q, k, v, dy, logSumExp, delta, s, place, place.first, first, scores, dscores);
        keepByKey(weights, dscores);
        __syncthreads();
        addWeighted(weights, k.of(place.batch, place.head) + first * k.row + place.column, k.row,
                    s.keys - first < TILE ? s.keys - first : TILE, s.columns - place.column, sum);
    }
    store(dq.of(place.batch, place.head) + place.first * dq.row + place.column, dq.row, s.queries - place.first,
          s.columns - place.column, sum);
}

extern "C" __global__ void __launch_bounds__(THREADS) attention_backward_keys_float32(
    Heads q, Heads k, Heads v, Heads dy, const float* logSumExp, const float* delta, Heads dk, Heads dv, Sizes s) {
    __shared__ float4 kept[TILE][PITCH / 4];
    float(*weights)[PITCH] = reinterpret_cast<float(*)[PITCH]>(kept);
    Place place(s, s.keys);
    float dkeys[4][4] = {};
    float dvalues[4][4] = {};
    // Queries before the tile's first key see none of it; tiles of both begin at multiples of TILE.
    for (int first = s.causal ? place.first : 0; first < s.queries; first += TILE) {
        float scores[4][4];
        float dscores[4][4];
        gradients(q, k, v, dy, logSumExp, delta, s, place, first, place.first, scores, dscores);
        int rows = s.queries - first < TILE ? s.queries - first : TILE;
        int columns = s.columns - place.column;
        keepByQuery(weights, scores);
        __syncthreads();
        addWeighted(weights, dy.of(place.batch, place.head) + first * dy.row + place.column, dy.row, rows, columns,
                    dvalues);
        keepByQuery(weights, dscores);
        __syncthreads();
        addWeighted(weights, q.of(place.batch, place.head) + first * q.row + place.column, q.row, rows, columns, dkeys);
    }
    int rows = s.keys - place.first;
    int columns = s.columns - place.column;
    store(dk.of(place.batch, place.head) + place.first * dk.row + place.column, dk.row, rows, columns, dkeys);
    store(dv.of(place.batch, place.head) + place.first * dv.row + place.column, dv.row, rows, columns, dvalues);
}
