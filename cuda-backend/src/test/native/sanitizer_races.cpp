// Decides about each memory access of a sanitised kernel: does it lie inside one allocation, and is it ordered with the
// accesses of other threads to the same bytes? Two accesses by different threads are ordered by
//   - the end of a launch,
//   - a barrier that both blocks' threads passed in between, when they are of one block,
//   - __syncwarp, when they are of one warp.
// Shuffles order nothing (CUDA C++ Programming Guide, "Warp Shuffle Functions"). Accesses that are not ordered are a
// race when one of them writes, unless both are atomic, or the write leaves the value as it is, or one is an atomic
// operation and the other a read (the usual loop around atomicCAS), or a later block reads what an earlier one
// published by a fence.
#include "sanitizer.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <vector>

extern "C" {
extern __thread softcuda::Index softcuda_thread_index;
extern __thread softcuda::Index softcuda_block_index;
extern __thread softcuda::Index softcuda_block_extent;
extern __thread softcuda::Index softcuda_grid_extent;
}

namespace softcuda {

namespace {

struct Page {
    Cell cells[PAGE];
};

std::unordered_map<uintptr_t, Page*>& pages = *new std::unordered_map<uintptr_t, Page*>;
std::vector<Page*>& sparePages = *new std::vector<Page*>;
uintptr_t lastPageNumber;
Page* lastPage;

struct BlockRecord {
    uint32_t start;     // epoch
    Index index;
    bool fenced;
};

std::vector<BlockRecord>& blocks = *new std::vector<BlockRecord>;
uint32_t epoch;
uint32_t launchStart;
uint32_t blockStart;

/** A write that conflicts unless it leaves the value as it is, which only the thread's next step can show. */
struct Suspect {
    const void* address = nullptr;
    size_t size;
    uintptr_t place;
    unsigned char before[64];
    char text[512];
} suspect;

struct Range {
    const char* begin = nullptr;
    const char* end = nullptr;
    uint64_t version = 0;
} lastRange;

enum class Relation { ORDERED, CONCURRENT, OTHER_BLOCK };

/** The running thread, as far as the checks need it. */
struct Self {
    Engine* engine;
    uintptr_t place;
    unsigned thread;
    unsigned warp;
    uint32_t warpEpoch;
    uint32_t oldest;    // accesses before this epoch do not matter
};

Relation relate(const Self& self, uint32_t otherEpoch, unsigned other, uint32_t otherWarpEpoch) {
    if (otherEpoch < self.oldest) {
        return Relation::ORDERED;
    }
    if (otherEpoch < blockStart) {
        return Relation::OTHER_BLOCK;
    }
    if (otherEpoch < epoch || other == self.thread) {
        return Relation::ORDERED;
    }
    bool sameWarp = other < FIRST_WARP ? other / WARP_SIZE == self.warp : other == FIRST_WARP + self.warp;
    return sameWarp && otherWarpEpoch < self.warpEpoch ? Relation::ORDERED : Relation::CONCURRENT;
}

const BlockRecord& blockOf(uint32_t otherEpoch) {
    auto after = std::upper_bound(blocks.begin(), blocks.end(), otherEpoch,
                                  [](uint32_t e, const BlockRecord& block) { return e < block.start; });
    return *(after - 1);
}

const char* nameOf(Access access) {
    return access == Access::READ ? "read" : access == Access::WRITE ? "write" : "atomic operation";
}

void describe(const Engine* engine, const void* address, char* text, size_t size) {
    if (!describeOwn(engine, address, text, size)) {
        softcuda_describe(address, text, size);
    }
}

void describeOther(const Self& self, Relation relation, uint32_t otherEpoch, unsigned other, char* text, size_t size) {
    if (relation == Relation::OTHER_BLOCK) {
        Index b = blockOf(otherEpoch).index;
        snprintf(text, size, "block (%u,%u,%u) of the same launch", b.x, b.y, b.z);
    } else if (other < FIRST_WARP) {
        Index t = self.engine->positions[other];
        snprintf(text, size, "thread (%u,%u,%u) with no barrier between", t.x, t.y, t.z);
    } else {
        snprintf(text, size, "several threads with no barrier between");
    }
}

void reportRace(const Self& self, const void* address, size_t size, Access access, const char* otherDid,
                Relation relation, uint32_t otherEpoch, unsigned other) {
    char where[256];
    describe(self.engine, address, where, sizeof where);
    char who[128];
    describeOther(self, relation, otherEpoch, other, who, sizeof who);
    char text[sizeof suspect.text];
    snprintf(text, sizeof text, "race: %s of %zu bytes at %s, which were %s by %s", nameOf(access), size, where,
             otherDid, who);
    if (access != Access::WRITE || size > sizeof suspect.before) {
        self.engine->place = self.place;
        fail(ERROR_LAUNCH_FAILED, "%s", text);
    }
    suspect.address = address;
    suspect.size = size;
    suspect.place = self.place;
    memcpy(suspect.before, address, size);
    memcpy(suspect.text, text, sizeof text);
}

/** True when the access races with the last write of the cell; reports it. */
bool racesWithWrite(const Self& self, const Cell& cell, const void* address, size_t size, Access access) {
    Relation relation = relate(self, cell.writeEpoch, cell.writer, cell.writeWarpEpoch);
    if (relation == Relation::ORDERED || (cell.writeAtomic && access != Access::WRITE)) {
        return false;
    }
    if (access == Access::READ && relation == Relation::OTHER_BLOCK && blockOf(cell.writeEpoch).fenced) {
        return false;
    }
    reportRace(self, address, size, access, cell.writeAtomic ? "changed atomically" : "written", relation,
               cell.writeEpoch, cell.writer);
    return true;
}

bool racesWithRead(const Self& self, const Cell& cell, const void* address, size_t size) {
    Relation relation = relate(self, cell.readEpoch, cell.reader, cell.readWarpEpoch);
    uint32_t readEpoch = cell.readEpoch;
    if (relation == Relation::ORDERED && cell.earlierReadEpoch >= self.oldest) {
        relation = Relation::OTHER_BLOCK;
        readEpoch = cell.earlierReadEpoch;
    }
    if (relation == Relation::ORDERED) {
        return false;
    }
    reportRace(self, address, size, Access::WRITE, "read", relation, readEpoch, cell.reader);
    return true;
}

void noteRead(const Self& self, Cell& cell) {
    if (cell.readEpoch != epoch) {
        if (cell.readEpoch >= launchStart && cell.readEpoch < blockStart) {
            cell.earlierReadEpoch = cell.readEpoch;
        }
        cell.reader = uint16_t(self.thread);
    } else if (cell.reader != self.thread) {
        unsigned otherWarp = cell.reader < FIRST_WARP ? cell.reader / WARP_SIZE : cell.reader - FIRST_WARP;
        bool sameWarp = cell.reader != SEVERAL_WARPS && otherWarp == self.warp;
        bool ordered = sameWarp && cell.readWarpEpoch < self.warpEpoch;
        cell.reader = uint16_t(ordered ? self.thread : sameWarp ? FIRST_WARP + self.warp : SEVERAL_WARPS);
    }
    cell.readEpoch = epoch;
    cell.readWarpEpoch = self.warpEpoch;
}

void noteWrite(const Self& self, Cell& cell, Access access) {
    cell.writeEpoch = epoch;
    cell.writeWarpEpoch = self.warpEpoch;
    cell.writer = uint16_t(self.thread);
    cell.writeAtomic = access == Access::ATOMIC;
}

void checkOrder(const Self& self, const void* address, size_t size, Access access) {
    uintptr_t at = reinterpret_cast<uintptr_t>(address);
    bool reported = false;
    for (size_t done = 0; done < size;) {
        Cells cells = Shadow().at(at + done);
        size_t count = std::min(cells.count, size - done);
        for (size_t i = 0; i < count; i++) {
            Cell& cell = cells.first[i];
            reported = reported || racesWithWrite(self, cell, address, size, access) ||
                       (access == Access::WRITE && racesWithRead(self, cell, address, size));
            if (access == Access::READ) {
                noteRead(self, cell);
            } else {
                noteWrite(self, cell, access);
            }
        }
        done += count;
    }
}

[[noreturn]] void failBounds(const Self& self, const void* address, size_t size, Access access) {
    char where[256];
    describe(self.engine, address, where, sizeof where);
    self.engine->place = self.place;
    fail(ERROR_ILLEGAL_ADDRESS, "%s of %zu bytes out of bounds at %p: %s", nameOf(access), size, address, where);
}

bool inside(const char* at, size_t size, const void* begin, const void* end) {
    return at >= begin && at + size <= end;
}

bool inLastRange(const char* at, size_t size) {
    return lastRange.version == softcuda_memory_version() && inside(at, size, lastRange.begin, lastRange.end);
}

bool findRange(const char* at, size_t size) {
    const void* begin;
    const void* end;
    if (!softcuda_range(at, &begin, &end) || !inside(at, size, begin, end)) {
        return false;
    }
    lastRange = {static_cast<const char*>(begin), static_cast<const char*>(end), softcuda_memory_version()};
    return true;
}

template <class T>
bool within(const char* at, const T& variable) {
    const char* begin = reinterpret_cast<const char*>(&variable);
    return at >= begin && at < begin + sizeof variable;
}

bool isBuiltInVariable(const char* at) {
    return within(at, softcuda_thread_index) || within(at, softcuda_block_index) ||
           within(at, softcuda_block_extent) || within(at, softcuda_grid_extent);
}

}

Cells Shadow::at(uintptr_t address) {
    uintptr_t number = address / PAGE;
    if (number != lastPageNumber || lastPage == nullptr) {
        Page*& page = pages[number];
        if (page == nullptr && sparePages.empty()) {
            page = static_cast<Page*>(calloc(1, sizeof(Page)));
        } else if (page == nullptr) {
            page = sparePages.back();
            sparePages.pop_back();
        }
        lastPageNumber = number;
        lastPage = page;
    }
    size_t offset = address % PAGE;
    return {lastPage->cells + offset, PAGE - offset};
}

void Shadow::clear() {
    for (const auto& entry : pages) {
        sparePages.push_back(entry.second);
    }
    pages.clear();
    lastPage = nullptr;
}

void sanitizerLaunch() {
    Shadow().clear();
    blocks.clear();
    suspect.address = nullptr;
    epoch++;
    launchStart = epoch;
}

void sanitizerBlock(const Engine* engine) {
    epoch++;
    blockStart = epoch;
    blocks.push_back({epoch, engine->blockIndex, false});
}

void sanitizerBarrier() {
    epoch++;
}

void sanitizerFence() {
    blocks.back().fenced = true;
}

void sanitizerSettle() {
    if (suspect.address == nullptr) {
        return;
    }
    const void* address = suspect.address;
    suspect.address = nullptr;
    if (memcmp(address, suspect.before, suspect.size) != 0) {
        running->place = suspect.place;
        fail(ERROR_LAUNCH_FAILED, "%s", suspect.text);
    }
}

void checkAccess(const void* address, size_t size, Access access, const void* returnAddress) {
    Engine* engine = running;
    if (engine == nullptr) {
        return;
    }
    sanitizerSettle();
    const char* at = static_cast<const char*>(address);
    if (inside(at, size, engine->stacks, engine->stacks + MAX_THREADS * STACK_STRIDE)) {
        return;
    }
    unsigned warp = engine->current / WARP_SIZE;
    uintptr_t place = reinterpret_cast<uintptr_t>(returnAddress) - 1;
    Self self = {engine, place, engine->current, warp, engine->warps[warp].epoch, launchStart};
    bool global = inLastRange(at, size);
    if (!global) {
        const char* dynamic = engine->dynamicBegin();
        const char* statics = engine->staticBegin;
        if (inside(at, size, dynamic, dynamic + engine->dynamicSize) ||
            inside(at, size, statics, statics + engine->module->sharedSize)) {
            self.oldest = blockStart;
        } else if (isBuiltInVariable(at)) {
            return;
        } else if (!findRange(at, size) && !inside(at, size, reinterpret_cast<const void*>(engine->module->begin),
                                                   reinterpret_cast<const void*>(engine->module->end))) {
            failBounds(self, address, size, access);
        }
    }
    checkOrder(self, address, size, access);
}

}
