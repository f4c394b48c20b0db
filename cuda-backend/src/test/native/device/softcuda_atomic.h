// Atomic read-modify-write operations, relaxed as CUDA's are.
#pragma once

template <class T>
static inline T softcuda_bits_of(const T* address) {
    return __atomic_load_n(address, __ATOMIC_RELAXED);
}

static inline unsigned softcuda_bits_of(const float* address) {
    return __atomic_load_n((const unsigned*) address, __ATOMIC_RELAXED);
}

static inline unsigned long long softcuda_bits_of(const double* address) {
    return __atomic_load_n((const unsigned long long*) address, __ATOMIC_RELAXED);
}

/** Replaces *address by change(*address), atomically; returns the old value. */
template <class T, class Change>
static inline T softcuda_modify(T* address, Change change) {
    auto bits = softcuda_bits_of(address);
    for (;;) {
        T old;
        __builtin_memcpy(&old, &bits, sizeof old);
        T value = change(old);
        decltype(bits) wanted;
        __builtin_memcpy(&wanted, &value, sizeof wanted);
        if (__atomic_compare_exchange_n((decltype(bits)*) address, &bits, wanted, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
            return old;
        }
    }
}

#define SOFTCUDA_INTEGER_ATOMICS(T)                                                                                    \
    static inline T atomicAdd(T* address, T value) {                                                                   \
        return __atomic_fetch_add(address, value, __ATOMIC_RELAXED);                                                   \
    }                                                                                                                  \
    static inline T atomicExch(T* address, T value) {                                                                  \
        return __atomic_exchange_n(address, value, __ATOMIC_RELAXED);                                                  \
    }                                                                                                                  \
    static inline T atomicCAS(T* address, T compare, T value) {                                                        \
        __atomic_compare_exchange_n(address, &compare, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);              \
        return compare;                                                                                                \
    }                                                                                                                  \
    static inline T atomicAnd(T* address, T value) {                                                                   \
        return __atomic_fetch_and(address, value, __ATOMIC_RELAXED);                                                   \
    }                                                                                                                  \
    static inline T atomicOr(T* address, T value) {                                                                    \
        return __atomic_fetch_or(address, value, __ATOMIC_RELAXED);                                                    \
    }                                                                                                                  \
    static inline T atomicXor(T* address, T value) {                                                                   \
        return __atomic_fetch_xor(address, value, __ATOMIC_RELAXED);                                                   \
    }                                                                                                                  \
    static inline T atomicMin(T* address, T value) {                                                                   \
        return softcuda_modify(address, [=](T old) { return old < value ? old : value; });                             \
    }                                                                                                                  \
    static inline T atomicMax(T* address, T value) {                                                                   \
        return softcuda_modify(address, [=](T old) { return old > value ? old : value; });                             \
    }

SOFTCUDA_INTEGER_ATOMICS(int)
SOFTCUDA_INTEGER_ATOMICS(unsigned)
SOFTCUDA_INTEGER_ATOMICS(unsigned long long)
SOFTCUDA_INTEGER_ATOMICS(long long)

#undef SOFTCUDA_INTEGER_ATOMICS

static inline int atomicSub(int* address, int value) {
    return __atomic_fetch_sub(address, value, __ATOMIC_RELAXED);
}

static inline unsigned atomicSub(unsigned* address, unsigned value) {
    return __atomic_fetch_sub(address, value, __ATOMIC_RELAXED);
}

static inline unsigned atomicInc(unsigned* address, unsigned limit) {
    return softcuda_modify(address, [=](unsigned old) { return old >= limit ? 0 : old + 1; });
}

static inline unsigned atomicDec(unsigned* address, unsigned limit) {
    return softcuda_modify(address, [=](unsigned old) { return old == 0 || old > limit ? limit : old - 1; });
}

static inline float atomicAdd(float* address, float value) {
    return softcuda_modify(address, [=](float old) { return old + value; });
}

static inline double atomicAdd(double* address, double value) {
    return softcuda_modify(address, [=](double old) { return old + value; });
}

static inline float atomicExch(float* address, float value) {
    return softcuda_modify(address, [=](float) { return value; });
}
