// The calls that allocate and free: at once or in stream order, on devices or page-locked.
#include "driver.h"

#include <cstring>

namespace softcuda {

namespace {

/** Counts an allocation's bytes on its device; a fault asked for or a full device refuses it. */
int charge(int ordinal, size_t bytes) {
    tally(ALLOCATIONS, 1);
    Device& owner = device(ordinal);
    if (faultDue(ALLOCATION) || bytes > settings().memory - owner.used) {
        return OUT_OF_MEMORY;
    }
    owner.used += bytes;
    tally(LIVE, 1);
    tally(LIVE_BYTES, long(bytes));
    return SUCCESS;
}

void refund(int ordinal, size_t bytes) {
    device(ordinal).used -= bytes;
    tally(LIVE_BYTES, -long(bytes));
}

int allocate(Context& context, DevicePointer* address, size_t bytes, bool ready) {
    if (bytes == 0 || address == nullptr) {
        return INVALID_VALUE;
    }
    if (int error = charge(context.device, bytes)) {
        return error;
    }
    Allocation* allocation = reserve(Allocation::DEVICE, bytes, context.device, ready);
    if (allocation == nullptr) {
        refund(context.device, bytes);
        tally(LIVE, -1);
        return report(OUT_OF_MEMORY, "the system has no memory or no mapping left for %zu bytes", bytes);
    }
    *address = allocation->begin;
    return SUCCESS;
}

/** The allocation that begins at the address, if the caller may free it now. */
Allocation* freeable(DevicePointer address, Allocation::Kind kind) {
    Allocation* allocation = findAllocation(address, 1);
    if (allocation != nullptr && allocation->begin == address && allocation->kind == kind && !allocation->releasing) {
        return allocation;
    }
    char where[256];
    softcuda_describe(reinterpret_cast<void*>(address), where, sizeof where);
    report(INVALID_VALUE, "%p cannot be freed: it is %s", reinterpret_cast<void*>(address), where);
    return nullptr;
}

int allocateHost(Context& context, void** address, size_t bytes, unsigned flags) {
    if (bytes == 0 || address == nullptr) {
        return INVALID_VALUE;
    }
    if (int error = forbiddenInCapture()) {
        return error;
    }
    Allocation* allocation = faultDue(HOST_ALLOCATION) ? nullptr
            : reserve(Allocation::HOST, bytes, context.device, true);
    if (allocation == nullptr) {
        return OUT_OF_MEMORY;
    }
    tally(HOST_LIVE, 1);
    allocation->flags = flags;
    *address = reinterpret_cast<void*>(allocation->begin);
    return SUCCESS;
}

/** What the stream does when it reaches an allocation: the memory appears, with nothing useful in it. */
void appear(Context& context, const Allocation& wanted) {
    Allocation* present = findAllocation(wanted.begin, 1);
    if (present != nullptr && present->ready) {
        fail(context, INVALID_VALUE, "a graph was launched again before the memory that it allocates was freed");
        return;
    }
    if (present == nullptr) {           // a captured allocation, freed since: the graph brings it back
        device(wanted.device).used += wanted.bytes;
        tally(LIVE, 1);
        tally(LIVE_BYTES, long(wanted.bytes));
    }
    if (!materialise(wanted)) {
        fail(context, OUT_OF_MEMORY, "a graph's allocation could not be mapped again");
    }
}

int allocateInOrder(Context& context, DevicePointer* address, size_t bytes, void* handle) {
    std::shared_ptr<Stream> stream = streamOf(context, handle);
    if (stream == nullptr) {
        return INVALID_HANDLE;
    }
    bool atOnce = stream->capture == nullptr && (settings().lazy == 0 || settings().null);
    int error = allocate(context, address, bytes, atOnce);
    if (error != SUCCESS || atOnce) {
        return error;
    }
    Allocation wanted = *findAllocation(*address, 1);
    return enqueue(stream, ALLOCATE, [&context, wanted] { appear(context, wanted); });
}

int freeInOrder(Context& context, DevicePointer address, void* handle) {
    std::shared_ptr<Stream> stream = streamOf(context, handle);
    if (stream == nullptr) {
        return INVALID_HANDLE;
    }
    Allocation* allocation = freeable(address, Allocation::DEVICE);
    if (allocation == nullptr) {
        return INVALID_VALUE;
    }
    int ordinal = allocation->device;
    size_t bytes = allocation->bytes;
    bool captured = stream->capture != nullptr;
    if (!captured) {            // the stream's next allocation may have the bytes: account for them now
        allocation->releasing = true;
        refund(ordinal, bytes);
    }
    Work work = [=, &context] {
        if (captured) {
            refund(ordinal, bytes);
        }
        if (!release(address, "freed in stream order")) {
            fail(context, ILLEGAL_ADDRESS, detailOf(ILLEGAL_ADDRESS).c_str());
        }
    };
    if (settings().null) {
        work();
        return SUCCESS;
    }
    return enqueue(stream, FREE, std::move(work));
}

/** Places that a program may ask a pointer for; see CUpointer_attribute. */
int pointerAttribute(void* data, int attribute, DevicePointer address) {
    Allocation* allocation = findAllocation(address, 1);
    if (allocation == nullptr) {
        return INVALID_VALUE;
    }
    bool host = allocation->kind == Allocation::HOST || allocation->kind == Allocation::REGISTERED;
    switch (attribute) {
        case 1: *static_cast<void**>(data) = device(allocation->device).primary; return SUCCESS;
        case 2: *static_cast<unsigned*>(data) = host ? 1 : 2; return SUCCESS;
        case 3: *static_cast<DevicePointer*>(data) = address; return SUCCESS;
        case 4: *static_cast<DevicePointer*>(data) = address; return host ? SUCCESS : INVALID_VALUE;
        case 8: *static_cast<unsigned*>(data) = 0; return SUCCESS;
        case 9: *static_cast<int*>(data) = allocation->device; return SUCCESS;
        case 11: *static_cast<DevicePointer*>(data) = allocation->begin; return SUCCESS;
        case 12: *static_cast<size_t*>(data) = allocation->bytes; return SUCCESS;
        case 13: *static_cast<bool*>(data) = allocation->ready; return SUCCESS;
        default: return NOT_SUPPORTED;
    }
}

/** A pool of memory; the software device needs nothing of it but the device. */
struct Pool {
    int device;
};

auto& pools = *new std::set<Pool*>;

}

void freeAll(int ordinal) {
    for (const Allocation& allocation : allocationsOf(ordinal)) {
        if (allocation.kind == Allocation::DEVICE && !allocation.releasing) {
            refund(ordinal, allocation.bytes);
        }
        release(allocation.begin, "freed with its context");
    }
}

}

using namespace softcuda;

// ---- device memory ----

SOFTCUDA_API int cuMemGetInfo_v2(size_t* available, size_t* total) {
    return inContext([&](Context& context) {
        *available = settings().memory - device(context.device).used;
        *total = settings().memory;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuMemAlloc_v2(DevicePointer* address, size_t bytes) {
    return inContext([&](Context& context) {
        int error = forbiddenInCapture();
        return error ? error : allocate(context, address, bytes, true);
    });
}

SOFTCUDA_API int cuMemAllocManaged(DevicePointer* address, size_t bytes, unsigned) {
    return inContext([&](Context& context) { return allocate(context, address, bytes, true); });
}

SOFTCUDA_API int cuMemAllocPitch_v2(DevicePointer* address, size_t* pitch, size_t width, size_t height, unsigned) {
    return inContext([&](Context& context) {
        *pitch = (width + 511) / 512 * 512;
        return allocate(context, address, *pitch * height, true);
    });
}

SOFTCUDA_API int cuMemFree_v2(DevicePointer address) {
    return inContext([&](Context& context) -> int {
        if (address == 0) {
            return SUCCESS;
        }
        if (int error = forbiddenInCapture()) {
            return error;
        }
        if (int error = synchronize(context)) {
            return error;
        }
        Allocation* allocation = freeable(address, Allocation::DEVICE);
        if (allocation == nullptr) {
            return INVALID_VALUE;
        }
        refund(allocation->device, allocation->bytes);
        if (!release(address, "freed")) {
            fail(context, ILLEGAL_ADDRESS, detailOf(ILLEGAL_ADDRESS).c_str());
        }
        return context.sticky;
    });
}

SOFTCUDA_API int cuMemAllocAsync(DevicePointer* address, size_t bytes, void* stream) {
    return inContext([&](Context& context) { return allocateInOrder(context, address, bytes, stream); });
}

SOFTCUDA_API int cuMemFreeAsync(DevicePointer address, void* stream) {
    return inContext([&](Context& context) { return freeInOrder(context, address, stream); });
}

SOFTCUDA_API int cuMemGetAddressRange_v2(DevicePointer* begin, size_t* bytes, DevicePointer address) {
    return inContext([&](Context&) {
        Allocation* allocation = findAllocation(address, 1);
        if (allocation == nullptr) {
            return NOT_FOUND;
        }
        if (begin != nullptr) {
            *begin = allocation->begin;
        }
        if (bytes != nullptr) {
            *bytes = allocation->bytes;
        }
        return SUCCESS;
    });
}

SOFTCUDA_API int cuPointerGetAttribute(void* data, int attribute, DevicePointer address) {
    return inContext([&](Context&) { return pointerAttribute(data, attribute, address); });
}

// ---- memory pools ----

SOFTCUDA_API int cuMemPoolCreate(Pool** pool, const int* properties) {
    return inContext([&](Context&) {
        constexpr int LOCATION_ID = 3;      // allocation type, handle types, location type, location id
        *pool = *pools.insert(new Pool{properties[LOCATION_ID]}).first;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuMemPoolDestroy(Pool* pool) {
    return inContext([&](Context&) {
        if (pools.erase(pool) == 0) {
            return INVALID_VALUE;
        }
        delete pool;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuMemPoolTrimTo(Pool* pool, size_t) {
    return inContext([&](Context&) { return pools.count(pool) ? SUCCESS : INVALID_VALUE; });
}

SOFTCUDA_API int cuMemAllocFromPoolAsync(DevicePointer* address, size_t bytes, Pool* pool, void* stream) {
    return inContext([&](Context& context) {
        return pools.count(pool) == 0 ? int(INVALID_VALUE) : allocateInOrder(context, address, bytes, stream);
    });
}

// ---- page-locked memory: every device may use it at its host address ----

SOFTCUDA_API int cuMemHostAlloc(void** address, size_t bytes, unsigned flags) {
    return inContext([&](Context& context) { return allocateHost(context, address, bytes, flags); });
}

SOFTCUDA_API int cuMemAllocHost_v2(void** address, size_t bytes) {
    return inContext([&](Context& context) { return allocateHost(context, address, bytes, 0); });
}

SOFTCUDA_API int cuMemFreeHost(void* address) {
    return inContext([&](Context& context) -> int {
        if (int error = synchronize(context)) {
            return error;
        }
        DevicePointer begin = reinterpret_cast<DevicePointer>(address);
        if (freeable(begin, Allocation::HOST) == nullptr) {
            return INVALID_VALUE;
        }
        if (!release(begin, "freed")) {
            fail(context, ILLEGAL_ADDRESS, detailOf(ILLEGAL_ADDRESS).c_str());
        }
        return context.sticky;
    });
}

SOFTCUDA_API int cuMemHostRegister_v2(void* address, size_t bytes, unsigned flags) {
    return inContext([&](Context& context) -> int {
        DevicePointer begin = reinterpret_cast<DevicePointer>(address);
        if (bytes == 0 || address == nullptr) {
            return INVALID_VALUE;
        }
        if (findAllocation(begin, 1) != nullptr) {
            return HOST_MEMORY_ALREADY_REGISTERED;
        }
        registerRange(Allocation::REGISTERED, begin, bytes, context.device);
        findAllocation(begin, 1)->flags = flags;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuMemHostUnregister(void* address) {
    return inContext([&](Context& context) -> int {
        DevicePointer begin = reinterpret_cast<DevicePointer>(address);
        Allocation* allocation = findAllocation(begin, 1);
        if (allocation == nullptr || allocation->begin != begin || allocation->kind != Allocation::REGISTERED) {
            return HOST_MEMORY_NOT_REGISTERED;
        }
        int error = synchronize(context);
        unregister(begin);
        return error;
    });
}

SOFTCUDA_API int cuMemHostGetDevicePointer_v2(DevicePointer* address, void* host, unsigned) {
    return inContext([&](Context&) {
        Allocation* allocation = findAllocation(reinterpret_cast<DevicePointer>(host), 1);
        if (allocation == nullptr || allocation->kind == Allocation::DEVICE) {
            return report(INVALID_VALUE, "%p is not page-locked memory", host);
        }
        *address = reinterpret_cast<DevicePointer>(host);
        return int(SUCCESS);
    });
}

SOFTCUDA_API int cuMemHostGetFlags(unsigned* flags, void* host) {
    return inContext([&](Context&) {
        Allocation* allocation = findAllocation(reinterpret_cast<DevicePointer>(host), 1);
        if (allocation == nullptr || allocation->kind == Allocation::DEVICE) {
            return INVALID_VALUE;
        }
        *flags = allocation->flags;
        return SUCCESS;
    });
}
