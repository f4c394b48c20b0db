// Initialisation, devices and contexts.
#include "driver.h"

#include <cstdio>
#include <cstring>

namespace softcuda {

namespace {

constexpr int MULTIPROCESSORS = 8;
constexpr int CAPABILITY_MAJOR = 9;
constexpr int CAPABILITY_MINOR = 0;

bool ready = false;
auto& alive = *new std::set<Context*>;

/** The stack of current contexts, topmost last. */
std::vector<Context*>& stack() {
    static thread_local std::vector<Context*>* mine = nullptr;
    if (mine == nullptr) {
        mine = new std::vector<Context*>;
    }
    return *mine;
}

Context* newContext(int ordinal, bool primary) {
    Context* context = new Context{ordinal, primary, 0, 0, SUCCESS, nullptr, {}, {}};
    context->legacy = std::make_shared<Stream>();
    context->legacy->context = context;
    alive.insert(context);
    return context;
}

/** Ends a context: its streams and, with the primary one, all memory of the device. Its address stays unused. */
void destroy(Context* context) {
    synchronize(*context);
    unloadAll(*context);
    alive.erase(context);
    tally(STREAMS, -long(context->streams.size()));
    context->streams.clear();
    context->legacy->queue.clear();
    if (context->primary) {
        device(context->device).primary = nullptr;
        freeAll(context->device);
    }
}

bool valid(int ordinal) {
    return ordinal >= 0 && ordinal < settings().devices;
}

struct Attribute {
    int attribute;
    int value;
};

constexpr Attribute ATTRIBUTES[] = {
    {1, 1024},              // threads per block
    {2, 1024},              // block x
    {3, 1024},              // block y
    {4, 64},                // block z
    {5, 2147483647},        // grid x
    {6, 65535},             // grid y
    {7, 65535},             // grid z
    {8, int(DEFAULT_DYNAMIC_SHARED)},
    {9, 65536},             // constant memory
    {10, 32},               // warp
    {11, 2147483647},       // pitch
    {12, 65536},            // registers per block
    {13, 1000000},          // clock, kHz
    {14, 512},              // texture alignment
    {15, 1},                // copies overlap kernels
    {16, MULTIPROCESSORS},
    {19, 1},                // maps host memory
    {31, 1},                // concurrent kernels
    {36, 1000000},          // memory clock, kHz
    {37, 256},              // memory bus, bits
    {38, 1 << 20},          // L2 cache
    {39, 2048},             // threads per multiprocessor
    {40, 2},                // copy engines
    {41, 1},                // unified addressing
    {51, 32},               // texture pitch alignment
    {75, CAPABILITY_MAJOR},
    {76, CAPABILITY_MINOR},
    {78, 1},                // stream priorities
    {81, 233472},           // shared memory per multiprocessor
    {82, 65536},            // registers per multiprocessor
    {83, 1},                // managed memory
    {90, 1},                // preemption
    {91, 1},                // host pointers work for registered memory
    {97, int(MAX_DYNAMIC_SHARED)},
    {99, 1},                // host memory can be registered
    {106, 32},              // blocks per multiprocessor
    {115, 1},               // memory pools
};

}

std::recursive_mutex& lock() {
    static std::recursive_mutex* instance = new std::recursive_mutex;
    return *instance;
}

bool initialised() {
    return ready;
}

Device& device(int ordinal) {
    static std::vector<Device>* devices = new std::vector<Device>(size_t(settings().devices));
    return (*devices)[size_t(ordinal)];
}

Context* currentContext() {
    return stack().empty() ? nullptr : stack().back();
}

const std::set<Context*>& contexts() {
    return alive;
}

bool& insideHostFunction() {
    static thread_local bool inside = false;
    return inside;
}

void fail(Context& context, int code, const char* text) {
    if (context.sticky == SUCCESS) {
        context.sticky = report(code, "%s", text);
    }
}

}

using namespace softcuda;

SOFTCUDA_API int cuInit(unsigned flags) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    if (flags != 0) {
        return INVALID_VALUE;
    }
    if (settings().noDevice || settings().devices < 1) {
        return NO_DEVICE;
    }
    if (!ready) {
        installSignalHandlers();
        ready = true;
    }
    return SUCCESS;
}

SOFTCUDA_API int cuDriverGetVersion(int* version) {
    *version = settings().driverVersion;
    return SUCCESS;
}

// ---- devices ----

SOFTCUDA_API int cuDeviceGetCount(int* count) {
    return afterInit([&] {
        *count = settings().devices;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuDeviceGet(int* handle, int ordinal) {
    return afterInit([&] {
        if (!valid(ordinal)) {
            return INVALID_DEVICE;
        }
        *handle = ordinal;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuDeviceGetName(char* name, int length, int ordinal) {
    return afterInit([&] {
        if (!valid(ordinal) || length < 1) {
            return INVALID_DEVICE;
        }
        snprintf(name, size_t(length), "Software CUDA device %d", ordinal);
        return SUCCESS;
    });
}

SOFTCUDA_API int cuDeviceTotalMem_v2(size_t* bytes, int ordinal) {
    return afterInit([&] {
        *bytes = settings().memory;
        return valid(ordinal) ? SUCCESS : INVALID_DEVICE;
    });
}

SOFTCUDA_API int cuDeviceGetUuid(char* uuid, int ordinal) {
    return afterInit([&] {
        memcpy(uuid, "softcuda-device", 15);
        uuid[15] = char(ordinal);
        return valid(ordinal) ? SUCCESS : INVALID_DEVICE;
    });
}

SOFTCUDA_API int cuDeviceGetPCIBusId(char* text, int length, int ordinal) {
    return afterInit([&] {
        snprintf(text, size_t(length), "0000:%02x:00.0", ordinal + 1);
        return valid(ordinal) ? SUCCESS : INVALID_DEVICE;
    });
}

SOFTCUDA_API int cuDeviceGetByPCIBusId(int* handle, const char* text) {
    return afterInit([&] {
        unsigned domain, bus;
        if (sscanf(text, "%x:%x", &domain, &bus) != 2 || !valid(int(bus) - 1)) {
            return INVALID_DEVICE;
        }
        *handle = int(bus) - 1;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuDeviceComputeCapability(int* major, int* minor, int ordinal) {
    return afterInit([&] {
        *major = CAPABILITY_MAJOR;
        *minor = CAPABILITY_MINOR;
        return valid(ordinal) ? SUCCESS : INVALID_DEVICE;
    });
}

SOFTCUDA_API int cuDeviceGetAttribute(int* value, int attribute, int ordinal) {
    return afterInit([&] {
        if (!valid(ordinal)) {
            return INVALID_DEVICE;
        }
        *value = attribute == 33 ? ordinal + 1 : 0;         // PCI bus id
        for (const Attribute& known : ATTRIBUTES) {
            if (known.attribute == attribute) {
                *value = known.value;
            }
        }
        return SUCCESS;
    });
}

// ---- contexts ----

SOFTCUDA_API int cuDevicePrimaryCtxRetain(Context** context, int ordinal) {
    return afterInit([&] {
        if (!valid(ordinal)) {
            return INVALID_DEVICE;
        }
        Device& owner = device(ordinal);
        if (owner.primary == nullptr) {
            owner.primary = newContext(ordinal, true);
        }
        owner.primary->references++;
        *context = owner.primary;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuDevicePrimaryCtxRelease_v2(int ordinal) {
    return afterInit([&] {
        if (!valid(ordinal)) {
            return INVALID_DEVICE;
        }
        Context* primary = device(ordinal).primary;
        if (primary == nullptr) {
            return INVALID_CONTEXT;
        }
        if (--primary->references <= 0) {
            destroy(primary);
        }
        return SUCCESS;
    });
}

SOFTCUDA_API int cuDevicePrimaryCtxReset_v2(int ordinal) {
    return afterInit([&] {
        if (!valid(ordinal)) {
            return INVALID_DEVICE;
        }
        if (Context* primary = device(ordinal).primary) {
            int references = primary->references;
            destroy(primary);
            primary->sticky = SUCCESS;      // a reset revives the context for those who hold it
            primary->references = references;
            alive.insert(primary);
            device(ordinal).primary = primary;
        }
        return SUCCESS;
    });
}

SOFTCUDA_API int cuDevicePrimaryCtxGetState(int ordinal, unsigned* flags, int* active) {
    return afterInit([&] {
        if (!valid(ordinal)) {
            return INVALID_DEVICE;
        }
        Context* primary = device(ordinal).primary;
        *flags = primary ? primary->flags : 0;
        *active = primary != nullptr;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuDevicePrimaryCtxSetFlags_v2(int ordinal, unsigned) {
    return afterInit([&] { return valid(ordinal) ? SUCCESS : INVALID_DEVICE; });
}

SOFTCUDA_API int cuCtxCreate_v2(Context** context, unsigned flags, int ordinal) {
    return afterInit([&] {
        if (!valid(ordinal)) {
            return INVALID_DEVICE;
        }
        *context = newContext(ordinal, false);
        (*context)->flags = flags;
        stack().push_back(*context);
        return SUCCESS;
    });
}

SOFTCUDA_API int cuCtxDestroy_v2(Context* context) {
    return afterInit([&] {
        if (alive.count(context) == 0 || context->primary) {
            return INVALID_CONTEXT;
        }
        destroy(context);
        if (currentContext() == context) {
            stack().pop_back();
        }
        return SUCCESS;
    });
}

SOFTCUDA_API int cuCtxSetCurrent(Context* context) {
    return afterInit([&] {
        if (context != nullptr && alive.count(context) == 0) {
            return INVALID_CONTEXT;
        }
        if (!stack().empty()) {
            stack().pop_back();
        }
        if (context != nullptr) {
            stack().push_back(context);
        }
        return SUCCESS;
    });
}

SOFTCUDA_API int cuCtxGetCurrent(Context** context) {
    return afterInit([&] {
        *context = currentContext();
        return SUCCESS;
    });
}

SOFTCUDA_API int cuCtxPushCurrent_v2(Context* context) {
    return afterInit([&] {
        if (alive.count(context) == 0) {
            return INVALID_CONTEXT;
        }
        stack().push_back(context);
        return SUCCESS;
    });
}

SOFTCUDA_API int cuCtxPopCurrent_v2(Context** context) {
    return afterInit([&] {
        if (stack().empty()) {
            return INVALID_CONTEXT;
        }
        if (context != nullptr) {
            *context = currentContext();
        }
        stack().pop_back();
        return SUCCESS;
    });
}
