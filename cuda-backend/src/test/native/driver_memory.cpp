// Device and page-locked memory. Every allocation is a mapping of its own in a range of addresses nobody else uses; it
// ends where its mapping ends, with a hole behind it, and its addresses come back only after the whole range was used.
// Holes cost no mapping, so as many allocations can be alive as the system allows mappings.
#include "driver.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/mman.h>

namespace softcuda {

namespace {

constexpr DevicePointer RANGE_BEGIN = 0x200000000000;
constexpr DevicePointer RANGE_END = 0x400000000000;
constexpr size_t PAGE = 4096;
constexpr size_t HOLE = 16 * PAGE;
constexpr unsigned char POISON = 0xff;          // NaN as float, -1 as int
constexpr size_t REMEMBERED = 4096;             // freed allocations that a message can still name

struct Freed {
    size_t bytes;
    const char* how;
};

auto& live = *new std::map<DevicePointer, Allocation>;
auto& freed = *new std::map<DevicePointer, Freed>;
auto& freedOrder = *new std::deque<DevicePointer>;
DevicePointer next = RANGE_BEGIN + HOLE;
uint64_t version = 1;

size_t roundUp(size_t n, size_t unit) {
    return (n + unit - 1) / unit * unit;
}

bool mapAt(DevicePointer address, size_t bytes, int protection) {
    void* wanted = reinterpret_cast<void*>(address);
    void* got = mmap(wanted, bytes, protection,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == wanted) {
        return true;
    }
    if (got != MAP_FAILED) {
        munmap(got, bytes);
        errno = EEXIST;
    }
    return false;
}

/** Maps pages behind a hole at the next free addresses; 0 when the system has no more. */
DevicePointer mapPages(size_t bytes, int protection) {
    bool wrapped = false;
    while (true) {
        if (next + bytes + HOLE > RANGE_END) {
            if (wrapped) {
                return 0;
            }
            wrapped = true;
            next = RANGE_BEGIN + HOLE;
        }
        DevicePointer address = next;
        bool mapped = mapAt(address, bytes, protection);
        if (!mapped && errno != EEXIST) {
            return 0;
        }
        next += roundUp(bytes, PAGE) + HOLE;
        if (mapped) {
            return address;
        }
    }
}

void poison(Allocation& allocation) {
    allocation.poisoned = !settings().null;
    if (allocation.poisoned) {
        memset(reinterpret_cast<void*>(allocation.mapping), POISON, allocation.mappingBytes);
    }
}

/** Reports a write outside the allocation but inside its pages. */
bool intact(const Allocation& allocation) {
    if (!allocation.poisoned) {
        return true;
    }
    auto check = [&](DevicePointer from, DevicePointer to, const char* side) {
        for (DevicePointer at = from; at < to; at++) {
            if (*reinterpret_cast<unsigned char*>(at) != POISON) {
                report(ILLEGAL_ADDRESS, "memory %s the allocation of %zu bytes at %p was overwritten (byte %lld of it)",
                       side, allocation.bytes, reinterpret_cast<void*>(allocation.begin),
                       static_cast<long long>(at - allocation.begin));
                return false;
            }
        }
        return true;
    };
    return check(allocation.mapping, allocation.begin, "before")
            && check(allocation.begin + allocation.bytes, allocation.mapping + allocation.mappingBytes, "behind");
}

void remember(DevicePointer begin, size_t bytes, const char* how) {
    if (freed.insert_or_assign(begin, Freed{bytes, how}).second) {
        freedOrder.push_back(begin);
    }
    if (freedOrder.size() > REMEMBERED) {
        freed.erase(freedOrder.front());
        freedOrder.pop_front();
    }
}

}

Allocation* reserve(Allocation::Kind kind, size_t bytes, int ordinal, bool ready) {
    size_t body = roundUp(bytes, settings().alignment);
    size_t mappingBytes = roundUp(body, PAGE);
    DevicePointer mapping = mapPages(mappingBytes, ready ? PROT_READ | PROT_WRITE : PROT_NONE);
    if (mapping == 0) {
        return nullptr;
    }
    DevicePointer begin = mapping + mappingBytes - body;
    Allocation allocation = {kind, begin, bytes, mapping, mappingBytes, ordinal, 0, ready, false, false};
    if (ready) {
        poison(allocation);
    }
    version++;
    return &(live[begin] = allocation);
}

bool release(DevicePointer begin, const char* how) {
    auto entry = live.find(begin);
    if (entry == live.end()) {
        return true;
    }
    const Allocation& allocation = entry->second;
    bool good = true;
    if (allocation.kind == Allocation::DEVICE || allocation.kind == Allocation::HOST) {
        good = intact(allocation);
        munmap(reinterpret_cast<void*>(allocation.mapping), allocation.mappingBytes);
        tally(allocation.kind == Allocation::DEVICE ? LIVE : HOST_LIVE, -1);
    }
    remember(begin, allocation.bytes, how);
    live.erase(entry);
    version++;
    return good;
}

bool materialise(const Allocation& wanted) {
    auto entry = live.find(wanted.begin);
    if (entry == live.end()) {
        if (!mapAt(wanted.mapping, wanted.mappingBytes, PROT_READ | PROT_WRITE)) {
            return false;
        }
        entry = live.emplace(wanted.begin, wanted).first;
    } else {
        mprotect(reinterpret_cast<void*>(wanted.mapping), wanted.mappingBytes, PROT_READ | PROT_WRITE);
    }
    entry->second.ready = true;
    entry->second.releasing = false;
    poison(entry->second);
    version++;
    return true;
}

std::vector<Allocation> allocationsOf(int ordinal) {
    std::vector<Allocation> found;
    for (const auto& [begin, allocation] : live) {
        if (allocation.device == ordinal && allocation.kind != Allocation::VARIABLE) {
            found.push_back(allocation);
        }
    }
    return found;
}

Allocation* findAllocation(DevicePointer address, size_t bytes) {
    auto entry = live.upper_bound(address);
    if (entry == live.begin()) {
        return nullptr;
    }
    Allocation& allocation = (--entry)->second;
    DevicePointer end = allocation.begin + allocation.bytes;
    return address <= end && bytes <= end - address ? &allocation : nullptr;
}

bool mayUse(const Context& context, const Allocation& allocation) {
    if (allocation.kind == Allocation::HOST || allocation.kind == Allocation::REGISTERED
            || allocation.device == context.device) {
        return true;
    }
    for (const Context* peer : context.peers) {
        if (peer->device == allocation.device) {
            return true;
        }
    }
    return false;
}

Allocation* requireDeviceRange(DevicePointer address, size_t bytes, const char* role) {
    Allocation* allocation = findAllocation(address, bytes);
    if (allocation != nullptr && !allocation->releasing) {
        return allocation;
    }
    char where[256];
    softcuda_describe(reinterpret_cast<void*>(address), where, sizeof where);
    report(INVALID_VALUE, "%s: %zu bytes at %p are not device memory: %s", role, bytes,
           reinterpret_cast<void*>(address), where);
    return nullptr;
}

void registerRange(Allocation::Kind kind, DevicePointer address, size_t bytes, int ordinal) {
    live[address] = {kind, address, bytes, 0, 0, ordinal, 0, true, false, false};
    version++;
}

void unregister(DevicePointer address) {
    live.erase(address);
    version++;
}

}

using namespace softcuda;

// ---- what the engine asks ----

SOFTCUDA_API bool softcuda_valid(const void* address, size_t size) {
    Allocation* allocation = findAllocation(reinterpret_cast<DevicePointer>(address), size);
    return allocation != nullptr && allocation->ready;
}

SOFTCUDA_API uint64_t softcuda_memory_version() {
    return version;
}

SOFTCUDA_API bool softcuda_range(const void* address, const void** begin, const void** end) {
    Allocation* allocation = findAllocation(reinterpret_cast<DevicePointer>(address), 1);
    if (allocation == nullptr || !allocation->ready) {
        return false;
    }
    *begin = reinterpret_cast<void*>(allocation->begin);
    *end = reinterpret_cast<void*>(allocation->begin + allocation->bytes);
    return true;
}

SOFTCUDA_API void softcuda_describe(const void* pointer, char* text, size_t size) {
    DevicePointer address = reinterpret_cast<DevicePointer>(pointer);
    auto say = [&](const char* place, const char* what, DevicePointer begin, size_t bytes) {
        snprintf(text, size, "byte %lld of %s %s of %zu bytes at %p", static_cast<long long>(address - begin), place,
                 what, bytes, reinterpret_cast<void*>(begin));
    };
    if (Allocation* inside = findAllocation(address, 1)) {
        say(inside->releasing ? "a freed" : inside->ready ? "a live" : "a not yet made",
            inside->kind == Allocation::DEVICE ? "allocation"
            : inside->kind == Allocation::VARIABLE ? "variable" : "page-locked allocation",
            inside->begin, inside->bytes);
        return;
    }
    auto gone = freed.upper_bound(address);
    if (gone != freed.begin() && address < (--gone)->first + gone->second.bytes) {
        say("a freed", "allocation", gone->first, gone->second.bytes);
        return;
    }
    auto after = live.upper_bound(address);
    if (after != live.begin()) {
        const Allocation& before = std::prev(after)->second;
        if (address - before.begin < before.bytes + HOLE) {
            say("(behind) a live", "allocation", before.begin, before.bytes);
            return;
        }
    }
    if (after != live.end() && after->first - address < HOLE) {
        say("(before) a live", "allocation", after->first, after->second.bytes);
        return;
    }
    bool ours = address >= RANGE_BEGIN && address < RANGE_END;
    snprintf(text, size, address == 0 ? "a null pointer"
             : ours ? "device memory that was never allocated or freed long ago" : "host memory, not device memory");
}
