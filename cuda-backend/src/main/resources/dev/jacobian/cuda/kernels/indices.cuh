// Indices that are out of range: kernels skip them and report them; the host throws when it next waits.
#pragma once

// As IndexErrors on the host reads it.
struct IndexSlot {
    // The least of (position << 32 | index), so that the first wrong index is reported, whichever was found first.
    unsigned long long first;
    int limit;
    int unused;
};

// Where a kernel reports: the slot in device memory, and a flag in host memory that is set with any slot.
struct IndexReport {
    IndexSlot* slot;
    int* any;
};

static __device__ __forceinline__ bool isIndex(int index, int limit) {
    return (unsigned int) index < (unsigned int) limit;
}

// position: the index's place in the index tensor, in row-major order.
static __device__ __forceinline__ void reportIndex(const IndexReport& report, unsigned long long position, int index,
                                                   int limit) {
    // The greatest place is left out: with index -1 it would look like an untouched slot.
    unsigned long long place = position < 0xFFFFFFFEull ? position : 0xFFFFFFFEull;
    atomicMin(&report.slot->first, place << 32 | (unsigned int) index);
    report.slot->limit = limit;
    *report.any = 1;
    __threadfence_system();
}
