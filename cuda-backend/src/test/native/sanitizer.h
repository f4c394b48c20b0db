// Between the compiler's callbacks (sanitizer.cpp), the record of accesses (sanitizer_races.cpp) and its memory.
#pragma once

#include "engine_internal.h"

namespace softcuda {

enum class Access { READ, WRITE, ATOMIC };

/**
 * What is known of one byte of shared or global memory: its last writer and its readers. An epoch is a count of blocks
 * and barriers since the process began; 0 is before every launch.
 */
struct Cell {
    uint32_t writeEpoch;
    uint32_t readEpoch;
    uint32_t writeWarpEpoch;
    uint32_t readWarpEpoch;
    uint32_t earlierReadEpoch;  // of a reader in an earlier block than the last reader's
    uint16_t writer;            // linear index within its block
    uint16_t reader;            // the same, or FIRST_WARP + warp: several of that warp, or SEVERAL_WARPS
    bool writeAtomic;
};

constexpr uint16_t FIRST_WARP = MAX_THREADS;
constexpr uint16_t SEVERAL_WARPS = FIRST_WARP + MAX_WARPS;

/** The cells of the bytes from an address on that lie in the same page as it, and their number. */
struct Cells {
    Cell* first;
    size_t count;
};

/** Cells by address. Pages are reused after clear() without being wiped: their epochs are then too old to matter. */
class Shadow {
public:
    Cells at(uintptr_t address);
    void clear();
};

/** One access by the running thread: in bounds, and ordered with all others to the same bytes. */
void checkAccess(const void* address, size_t size, Access access, const void* returnAddress);

}
