// Barriers, fences, warp operations and the few intrinsics that end or time a thread.
// Every call hands its source line to the engine, which reports threads that meet at different places.
#pragma once

static inline void __syncthreads(int line = __builtin_LINE()) {
    softcuda_barrier(SOFTCUDA_BARRIER, 0, line);
}

static inline int __syncthreads_count(int predicate, int line = __builtin_LINE()) {
    return softcuda_barrier(SOFTCUDA_BARRIER_COUNT, predicate != 0, line);
}

static inline int __syncthreads_and(int predicate, int line = __builtin_LINE()) {
    return softcuda_barrier(SOFTCUDA_BARRIER_AND, predicate != 0, line);
}

static inline int __syncthreads_or(int predicate, int line = __builtin_LINE()) {
    return softcuda_barrier(SOFTCUDA_BARRIER_OR, predicate != 0, line);
}

static inline void __threadfence_block() {
    softcuda_fence();
}

static inline void __threadfence() {
    softcuda_fence();
}

static inline void __threadfence_system() {
    softcuda_fence();
}

static inline void __syncwarp(unsigned mask = 0xffffffffu, int line = __builtin_LINE()) {
    softcuda_warp(SOFTCUDA_SYNC, mask, 0, 0, 32, line);
}

static inline unsigned __ballot_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
    return (unsigned) softcuda_warp(SOFTCUDA_BALLOT, mask, predicate != 0, 0, 32, line);
}

static inline int __any_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
    return softcuda_warp(SOFTCUDA_BALLOT, mask, predicate != 0, 0, 32, line) != 0;
}

static inline int __all_sync(unsigned mask, int predicate, int line = __builtin_LINE()) {
    return softcuda_warp(SOFTCUDA_BALLOT, mask, predicate == 0, 0, 32, line) == 0;
}

template <class T>
static inline unsigned long long softcuda_bits(T value) {
    static_assert(sizeof(T) <= 8, "warp operations exchange at most 8 bytes");
    unsigned long long bits = 0;
    __builtin_memcpy(&bits, &value, sizeof value);
    return bits;
}

template <class T>
static inline T softcuda_exchange(int operation, unsigned mask, T value, int argument, int width, int line) {
    unsigned long long bits = softcuda_warp(operation, mask, softcuda_bits(value), argument, width, line);
    T result;
    __builtin_memcpy(&result, &bits, sizeof result);
    return result;
}

template <class T>
static inline T __shfl_sync(unsigned mask, T value, int lane, int width = 32, int line = __builtin_LINE()) {
    return softcuda_exchange(SOFTCUDA_SHUFFLE, mask, value, lane, width, line);
}

template <class T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, int line = __builtin_LINE()) {
    return softcuda_exchange(SOFTCUDA_SHUFFLE_UP, mask, value, (int) delta, width, line);
}

template <class T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, int line = __builtin_LINE()) {
    return softcuda_exchange(SOFTCUDA_SHUFFLE_DOWN, mask, value, (int) delta, width, line);
}

template <class T>
static inline T __shfl_xor_sync(unsigned mask, T value, int laneMask, int width = 32, int line = __builtin_LINE()) {
    return softcuda_exchange(SOFTCUDA_SHUFFLE_XOR, mask, value, laneMask, width, line);
}

template <class T>
static inline unsigned __match_any_sync(unsigned mask, T value, int line = __builtin_LINE()) {
    return (unsigned) softcuda_warp(SOFTCUDA_MATCH_ANY, mask, softcuda_bits(value), 0, 32, line);
}

static inline unsigned __reduce_add_sync(unsigned mask, unsigned value, int line = __builtin_LINE()) {
    return (unsigned) softcuda_warp(SOFTCUDA_REDUCE_ADD, mask, value, 0, 32, line);
}

static inline int __reduce_add_sync(unsigned mask, int value, int line = __builtin_LINE()) {
    return (int) softcuda_warp(SOFTCUDA_REDUCE_ADD, mask, (unsigned) value, 0, 32, line);
}

static inline int __reduce_min_sync(unsigned mask, int value, int line = __builtin_LINE()) {
    return (int) softcuda_warp(SOFTCUDA_REDUCE_MIN, mask, (unsigned) value, 0, 32, line);
}

static inline unsigned __reduce_min_sync(unsigned mask, unsigned value, int line = __builtin_LINE()) {
    return (unsigned) softcuda_warp(SOFTCUDA_REDUCE_MIN_UNSIGNED, mask, value, 0, 32, line);
}

static inline int __reduce_max_sync(unsigned mask, int value, int line = __builtin_LINE()) {
    return (int) softcuda_warp(SOFTCUDA_REDUCE_MAX, mask, (unsigned) value, 0, 32, line);
}

static inline unsigned __reduce_max_sync(unsigned mask, unsigned value, int line = __builtin_LINE()) {
    return (unsigned) softcuda_warp(SOFTCUDA_REDUCE_MAX_UNSIGNED, mask, value, 0, 32, line);
}

static inline unsigned __reduce_and_sync(unsigned mask, unsigned value, int line = __builtin_LINE()) {
    return (unsigned) softcuda_warp(SOFTCUDA_REDUCE_AND, mask, value, 0, 32, line);
}

static inline unsigned __reduce_or_sync(unsigned mask, unsigned value, int line = __builtin_LINE()) {
    return (unsigned) softcuda_warp(SOFTCUDA_REDUCE_OR, mask, value, 0, 32, line);
}

static inline unsigned __reduce_xor_sync(unsigned mask, unsigned value, int line = __builtin_LINE()) {
    return (unsigned) softcuda_warp(SOFTCUDA_REDUCE_XOR, mask, value, 0, 32, line);
}

/** On hardware any subset of the live lanes may answer; the smallest one finds code that relies on more. */
static inline unsigned __activemask() {
    return 1u << softcuda_lane();
}

[[noreturn]] static inline void __trap() {
    softcuda_trap();
}

static inline long long clock64() {
    return (long long) __builtin_ia32_rdtsc();
}

static inline void __nanosleep(unsigned) {}
