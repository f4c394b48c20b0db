// The positions of the largest and of the smallest over any axes.
#include "reduce.cuh"

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

typedef First<Max<float>, float> FirstMaxOfFloats;
typedef First<Max<int>, int> FirstMaxOfInts;
typedef First<Min<float>, float> FirstMinOfFloats;
typedef First<Min<int>, int> FirstMinOfInts;

REDUCE(argmax_float32, FirstMaxOfFloats)
REDUCE(argmax_int32, FirstMaxOfInts)
REDUCE(argmin_float32, FirstMinOfFloats)
REDUCE(argmin_int32, FirstMinOfInts)
REDUCE_ROWS(argmax_float32_again, Again<FirstMaxOfFloats>)
REDUCE_ROWS(argmax_int32_again, Again<FirstMaxOfInts>)
REDUCE_ROWS(argmin_float32_again, Again<FirstMinOfFloats>)
REDUCE_ROWS(argmin_int32_again, Again<FirstMinOfInts>)
