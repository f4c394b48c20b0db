// Random fills and dropout. One thread draws one Philox block and handles its four elements, as one access of 16 bytes
// where all addresses are multiples of 16.
#include "axes.cuh"
#include "philox.cuh"

static __device__ __forceinline__ bool isAligned(const void* address) {
    return (unsigned long long) address % 16 == 0;
}

struct Uniform {
    static __device__ __forceinline__ float draw(unsigned int word) {
        return philoxUniform(word);
    }
};

struct Normal {
    static __device__ __forceinline__ float draw(unsigned int word) {
        return philoxNormal(word);
    }
};

template <typename Distribution>
static __device__ __forceinline__ void fill(const PhiloxKey& key, const int* step, float* out, long long n) {
    unsigned long long block = (unsigned long long) blockIdx.x * blockDim.x + threadIdx.x;
    long long first = (long long) (4 * block);
    if (first >= n) {
        return;
    }
    PhiloxWords words = philox(key, (unsigned int) *step, (unsigned int) block);
    float values[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        values[i] = Distribution::draw(words.v[i]);
    }
    if (first + 4 <= n && isAligned(out)) {
        *reinterpret_cast<float4*>(out + first) = make_float4(values[0], values[1], values[2], values[3]);
        return;
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        if (first + i < n) {
            out[first + i] = values[i];
        }
    }
}

extern "C" __global__ void random_uniform_f32(PhiloxKey key, const int* step, float* out, long long n) {
    fill<Uniform>(key, step, out, n);
}

extern "C" __global__ void random_normal_f32(PhiloxKey key, const int* step, float* out, long long n) {
    fill<Normal>(key, step, out, n);
}

// A uniform number k 2^-24 is at least p just where k is at least threshold, p 2^24 rounded up.
static __device__ __forceinline__ float dropped(unsigned int word, unsigned int threshold, float keep, float x) {
    return word >> 8 >= threshold ? __fdiv_rn(x, keep) : 0.0f;
}

// y may be x.
extern "C" __global__ void random_dropout_f32(PhiloxKey key, const int* step, const float* x, float* y, long long n,
                                              unsigned int threshold, float keep) {
    unsigned long long block = (unsigned long long) blockIdx.x * blockDim.x + threadIdx.x;
    long long first = (long long) (4 * block);
    if (first >= n) {
        return;
    }
    PhiloxWords words = philox(key, (unsigned int) *step, (unsigned int) block);
    if (first + 4 <= n && isAligned(x) && isAligned(y)) {
        float4 from = *reinterpret_cast<const float4*>(x + first);
        *reinterpret_cast<float4*>(y + first) =
                make_float4(dropped(words.v[0], threshold, keep, from.x), dropped(words.v[1], threshold, keep, from.y),
                            dropped(words.v[2], threshold, keep, from.z), dropped(words.v[3], threshold, keep, from.w));
        return;
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        if (first + i < n) {
            y[first + i] = dropped(words.v[i], threshold, keep, x[first + i]);
        }
    }
}

// The same for any strides of x: a piece of n elements, the first of which is number first of all. A block of threads
// begins at the Philox block that this element belongs to.
extern "C" __global__ void random_dropout_strided_f32(PhiloxKey key, const int* step, const float* x, float* y,
                                                      long long first, unsigned int n, Axes<1> axes,
                                                      unsigned int threshold, float keep) {
    unsigned long long block = first / 4 + (unsigned long long) blockIdx.x * blockDim.x + threadIdx.x;
    PhiloxWords words = philox(key, (unsigned int) *step, (unsigned int) block);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        long long element = (long long) (4 * block) + i - first;
        if (element >= 0 && element < n) {
            unsigned long long at[1];
            locate(axes, (unsigned int) element, at);
            y[first + element] = dropped(words.v[i], threshold, keep, x[at[0]]);
        }
    }
}
