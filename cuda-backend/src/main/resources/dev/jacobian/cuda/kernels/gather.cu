// Gather and scatter-add along one axis.
#include "axes.cuh"
#include "indices.cuh"

constexpr unsigned int WARP = 32;
constexpr unsigned int WHOLE_WARP = 0xFFFFFFFFu;

// out[i] = x[i but for the axis, where it is index[i]]. What is moved at once is a Moved: one element T, or four
// neighbours that share their index. Operands of the axes: out, index, x standing still along the indexed axis.
// firstPosition: the piece's first element, counted in the index tensor.
template <typename Moved, typename T>
static __device__ __forceinline__ void gather(T* out, const int* index, const T* x, unsigned int n,
                                              const Axes<3>& axes, int limit, long long step,
                                              unsigned long long firstPosition, const IndexReport& report) {
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) {
        return;
    }
    unsigned long long at[3];
    locate(axes, i, at);
    int chosen = index[at[1]];
    if (!isIndex(chosen, limit)) {
        reportIndex(report, firstPosition + (unsigned long long) i * (sizeof(Moved) / sizeof(T)), chosen, limit);
        return;
    }
    *reinterpret_cast<Moved*>(out + at[0]) = *reinterpret_cast<const Moved*>(x + at[2] + chosen * step);
}

#define GATHER(NAME, T, MOVED)                                                                                        \
    extern "C" __global__ void gather_##NAME(T* out, const int* index, const T* x, unsigned int n, Axes<3> axes,      \
                                             int limit, long long step, unsigned long long firstPosition,             \
                                             IndexReport report) {                                                    \
        gather<MOVED>(out, index, x, n, axes, limit, step, firstPosition, report);                                    \
    }

GATHER(b8, unsigned char, unsigned char)
GATHER(b32, unsigned int, unsigned int)
GATHER(b8x4, unsigned char, Four<unsigned char>)
GATHER(b32x4, unsigned int, Four<unsigned int>)

// Where elements can meet, they differ along the indexed axis alone; the elements along it are a line. Operands of the
// axes that count lines: x, index, out standing still along the indexed axis.
struct Lines {
    // Elements of a line, and the strides along it; the last one is out's.
    unsigned int length;
    long long xStep;
    long long indexStep;
    long long outStep;
    int limit;
    // The first line's number among all, and how many lines lie inside the indexed axis.
    unsigned long long first;
    unsigned long long inside;
};

static __device__ __forceinline__ unsigned long long positionOf(const Lines& lines, unsigned long long line,
                                                                unsigned int j) {
    unsigned long long number = lines.first + line;
    return (number / lines.inside * lines.length + j) * lines.inside + number % lines.inside;
}

static __device__ __forceinline__ float sum(float a, float b) {
    return a + b;
}

// int32: unsigned sums wrap around.
static __device__ __forceinline__ unsigned int sum(unsigned int a, unsigned int b) {
    return a + b;
}

template <typename T>
static __device__ __forceinline__ Four<T> sum(const Four<T>& a, const Four<T>& b) {
    Four<T> result;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        result.v[i] = sum(a.v[i], b.v[i]);
    }
    return result;
}

// One thread adds one line, element after element: for many short lines.
template <typename T>
static __device__ __forceinline__ void addLines(const T* x, const int* index, T* out, unsigned int n,
                                                const Axes<3>& axes, const Lines& lines, const IndexReport& report) {
    unsigned int line = blockIdx.x * blockDim.x + threadIdx.x;
    if (line >= n) {
        return;
    }
    unsigned long long at[3];
    locate(axes, line, at);
    for (unsigned int j = 0; j < lines.length; j++) {
        int target = index[at[1] + j * lines.indexStep];
        if (isIndex(target, lines.limit)) {
            T& place = out[at[2] + target * lines.outStep];
            place = sum(place, x[at[0] + j * lines.xStep]);
        } else {
            reportIndex(report, positionOf(lines, line, j), target, lines.limit);
        }
    }
}

#define ADD_LINES(NAME, T)                                                                                            \
    extern "C" __global__ void gather_add_lines_##NAME(const T* x, const int* index, T* out, unsigned int n,          \
                                                       Axes<3> axes, Lines lines, IndexReport report) {              \
        addLines(x, index, out, n, axes, lines, report);                                                             \
    }

ADD_LINES(f32, float)
ADD_LINES(i32, unsigned int)

// Lines with the same indices, side by side: columns. A warp adds 32 columns, each lane one, for the targets t with
// t % shares == share. It scans the indices, lists those that are its own, sorts the list by target and then by
// element, and adds run after run in a register: the order is that of the elements, as if each target had been added
// alone, and neither the number of shares nor the schedule changes a bit.
struct Columns {
    // How many elements T side by side, and how many lines they are.
    unsigned int count;
    unsigned int lines;
    long long xStep;
    long long outStep;
    // How many warps have the columns of one group of lines, and how many warps share the targets; a power of two.
    unsigned int parts;
    unsigned int shares;
};

// What a warp's list holds: target << 32 | element.
typedef unsigned long long Entry;
constexpr Entry NO_ENTRY = ~0ull;
constexpr unsigned int NO_TARGET = 0xFFFFFFFFu;
constexpr unsigned int LIST = 256;
constexpr unsigned int SCANNED = 4 * WARP;
constexpr unsigned int WARPS = 8;

// Sorts ascending in place (Batcher's bitonic sort); what lies behind count, up to a power of two, is overwritten.
static __device__ __forceinline__ void sortList(Entry* list, unsigned int count, unsigned int lane) {
    unsigned int size = 2 * WARP;
    while (size < count) {
        size *= 2;
    }
    for (unsigned int i = count + lane; i < size; i += WARP) {
        list[i] = NO_ENTRY;
    }
    __syncwarp();
    for (unsigned int run = 2; run <= size; run *= 2) {
        for (unsigned int distance = run / 2; distance > 0; distance /= 2) {
            for (unsigned int pair = lane; pair < size / 2; pair += WARP) {
                unsigned int low = 2 * pair - (pair & (distance - 1));
                Entry a = list[low];
                Entry b = list[low + distance];
                if ((a > b) == ((low & run) == 0)) {
                    list[low] = b;
                    list[low + distance] = a;
                }
            }
            __syncwarp();
        }
    }
}

static __device__ __forceinline__ unsigned int targetOf(const Entry* list, unsigned int i, unsigned int count) {
    return i < count ? (unsigned int) (list[i] >> 32) : NO_TARGET;
}

// Adds a sorted list's elements to one column. AHEAD elements are loaded before the first of them is added.
template <int AHEAD, typename T>
static __device__ __forceinline__ void addList(const Entry* list, unsigned int count, const T* x, long long xStep,
                                               T* out, long long outStep) {
    T total = T();
    unsigned int previous = NO_TARGET;
    for (unsigned int first = 0; first < count; first += AHEAD) {
        T value[AHEAD];
        T begun[AHEAD];
        unsigned int target[AHEAD];
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            target[i] = targetOf(list, first + i, count);
            if (target[i] != NO_TARGET) {
                value[i] = x[(unsigned int) list[first + i] * xStep];
                if (target[i] != (i == 0 ? previous : target[i - 1])) {
                    begun[i] = out[target[i] * outStep];
                }
            }
        }
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            if (target[i] != NO_TARGET) {
                bool begins = target[i] != (i == 0 ? previous : target[i - 1]);
                if (begins) {
                    total = begun[i];
                }
                total = sum(total, value[i]);
                unsigned int next = i + 1 < AHEAD ? target[i + 1] : targetOf(list, first + AHEAD, count);
                if (next != target[i]) {
                    out[target[i] * outStep] = total;
                }
            }
        }
        previous = target[AHEAD - 1];
    }
}

template <int AHEAD, typename T>
static __device__ __forceinline__ void addColumns(const T* x, const int* index, T* out, unsigned int n,
                                                  const Axes<3>& axes, const Lines& lines, const Columns& columns,
                                                  const IndexReport& report) {
    __shared__ Entry lists[WARPS][LIST];
    unsigned int lane = threadIdx.x % WARP;
    Entry* list = lists[threadIdx.x / WARP];
    unsigned long long warp = (unsigned long long) blockIdx.x * WARPS + threadIdx.x / WARP;
    unsigned long long group = warp / columns.parts / columns.shares;
    if (group >= n) {
        return;
    }
    unsigned int part = (unsigned int) (warp % columns.parts);
    unsigned int share = (unsigned int) (warp / columns.parts) & (columns.shares - 1);
    unsigned int column = part * WARP + lane;
    unsigned long long at[3];
    locate(axes, (unsigned int) group, at);
    x += at[0] + column * columns.xStep;
    index += at[1];
    out += at[2] + column * columns.outStep;
    unsigned int count = 0;
    for (unsigned int base = 0; base < lines.length; base += SCANNED) {
        int targets[SCANNED / WARP];
#pragma unroll
        for (unsigned int i = 0; i < SCANNED / WARP; i++) {
            unsigned int j = base + i * WARP + lane;
            targets[i] = j < lines.length ? index[j * lines.indexStep] : 0;
        }
#pragma unroll
        for (unsigned int i = 0; i < SCANNED / WARP; i++) {
            unsigned int j = base + i * WARP + lane;
            bool there = j < lines.length;
            bool right = isIndex(targets[i], lines.limit);
            if (there && !right && part == 0 && share == 0) {
                reportIndex(report, positionOf(lines, group * columns.lines, j), targets[i], lines.limit);
            }
            bool own = there && right && (targets[i] & (columns.shares - 1)) == share;
            unsigned int owners = __ballot_sync(WHOLE_WARP, own);
            if (own) {
                unsigned int before = __popc(owners & ((1u << lane) - 1));
                list[count + before] = (Entry) (unsigned int) targets[i] << 32 | j;
            }
            count += __popc(owners);
        }
        if (count > LIST - SCANNED || (count > 0 && lines.length - base <= SCANNED)) {
            sortList(list, count, lane);
            if (column < columns.count) {
                addList<AHEAD>(list, count, x, lines.xStep, out, lines.outStep);
            }
            __syncwarp();
            count = 0;
        }
    }
}

#define ADD_COLUMNS(NAME, AHEAD, T)                                                                                   \
    extern "C" __global__ void gather_add_columns_##NAME(const T* x, const int* index, T* out, unsigned int n,        \
                                                         Axes<3> axes, Lines lines, Columns columns,                  \
                                                         IndexReport report) {                                        \
        addColumns<AHEAD>(x, index, out, n, axes, lines, columns, report);                                            \
    }

ADD_COLUMNS(f32, 16, float)
ADD_COLUMNS(i32, 16, unsigned int)
ADD_COLUMNS(f32x4, 4, Four<float>)
ADD_COLUMNS(i32x4, 4, Four<unsigned int>)
