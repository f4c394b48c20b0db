// Strided iteration over up to four operands of one shape. The host (Axes.java) drops axes of length 1, merges
// neighbours and splits what is too large, so that here an element's index, every length and every stride have 32 bits.
#ifndef JACOBIAN_AXES_CUH
#define JACOBIAN_AXES_CUH

constexpr unsigned int MAX_AXES = 8;

// The axes of N operands, innermost first; strides count elements. A rank of 0 stands for a single element.
template <int N>
struct Axes {
    unsigned int rank;
    unsigned int dims[MAX_AXES];
    // For dividing by a length without a division: see quotient.
    unsigned int multipliers[MAX_AXES];
    unsigned int shifts[MAX_AXES];
    unsigned int strides[N][MAX_AXES];
};

// n / d for n below 2^31, where multiplier = floor(2^32 (2^shift - d) / d) + 1 and shift = ceil(log2 d): Granlund and
// Montgomery, "Division by Invariant Integers using Multiplication", 1994, figure 4.1.
__device__ __forceinline__ unsigned int quotient(unsigned int n, unsigned int multiplier, unsigned int shift) {
    return (__umulhi(n, multiplier) + n) >> shift;
}

// How many elements from its first one on each operand has the element of a row-major index (below 2^31). The loop is
// unrolled because only constant indices leave the axes in constant memory.
template <int N>
__device__ __forceinline__ void locate(const Axes<N>& axes, unsigned int index, unsigned long long (&at)[N]) {
#pragma unroll
    for (int i = 0; i < N; i++) {
        at[i] = 0;
    }
#pragma unroll
    for (unsigned int axis = 0; axis < MAX_AXES; axis++) {
        if (axis >= axes.rank) {
            break;
        }
        unsigned int outer = quotient(index, axes.multipliers[axis], axes.shifts[axis]);
        unsigned int along = index - outer * axes.dims[axis];
#pragma unroll
        for (int i = 0; i < N; i++) {
            at[i] += (unsigned long long) along * axes.strides[i][axis];
        }
        index = outer;
    }
}

// Where, from its first one on, the element of an index lies in a single operand.
__device__ __forceinline__ unsigned long long offsetOf(const Axes<1>& axes, unsigned int index) {
    if (axes.rank <= 1) {
        return (unsigned long long) index * axes.strides[0][0];
    }
    unsigned long long at[1];
    locate(axes, index, at);
    return at[0];
}

// Four neighbouring elements, read or written at once where the address is a multiple of their size.
template <typename T>
struct alignas(4 * sizeof(T)) Four {
    T v[4];
};

// Four neighbours, or one element four times.
template <typename T>
__device__ __forceinline__ Four<T> load(const T* x, unsigned long long at, bool together) {
    if (together) {
        return *reinterpret_cast<const Four<T>*>(x + at);
    }
    T one = x[at];
    return Four<T>{{one, one, one, one}};
}

// Writes four neighbours, or the first element alone.
template <typename T>
__device__ __forceinline__ void store(T* y, unsigned long long at, Four<T> values, bool together) {
    if (together) {
        *reinterpret_cast<Four<T>*>(y + at) = values;
    } else {
        y[at] = values.v[0];
    }
}

// Which elements of a dense operand this thread works on: four neighbours each for the first `fours` threads, one
// element each for those after them.
struct Share {
    unsigned long long at;
    bool four;

    __device__ __forceinline__ explicit Share(unsigned long long fours) {
        unsigned long long thread = (unsigned long long) blockIdx.x * blockDim.x + threadIdx.x;
        four = thread < fours;
        at = four ? 4 * thread : thread + 3 * fours;
    }
};

__device__ __forceinline__ unsigned int threadIndex() {
    return blockIdx.x * blockDim.x + threadIdx.x;
}

#endif
