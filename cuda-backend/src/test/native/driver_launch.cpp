// Kernel launches: what the driver checks when one is asked for, and what happens when the stream reaches it.
#include "driver.h"

#include <cstring>

namespace softcuda {

namespace {

constexpr unsigned MAX_GRID_YZ = 65535;
constexpr unsigned MAX_GRID_X = 2147483647;
constexpr unsigned MAX_BLOCK_Z = 64;

int checkShape(const Function& function, const LaunchShape& shape) {
    const char* name = function.kernel->name;
    const Extent& grid = shape.grid;
    const Extent& block = shape.block;
    if (grid.count() == 0 || block.count() == 0 || grid.x > MAX_GRID_X || grid.y > MAX_GRID_YZ
            || grid.z > MAX_GRID_YZ || block.x > MAX_THREADS || block.y > MAX_THREADS || block.z > MAX_BLOCK_Z
            || block.count() > MAX_THREADS) {
        return report(INVALID_VALUE, "kernel %s: grid (%u, %u, %u) of blocks (%u, %u, %u) is not possible", name,
                      grid.x, grid.y, grid.z, block.x, block.y, block.z);
    }
    if (block.count() > function.kernel->maxThreads) {
        return report(LAUNCH_OUT_OF_RESOURCES, "kernel %s: blocks of %llu threads; its __launch_bounds__ say %u", name,
                      static_cast<unsigned long long>(block.count()), function.kernel->maxThreads);
    }
    if (shape.sharedBytes > size_t(function.maxDynamicShared)) {
        return report(INVALID_VALUE, "kernel %s: %zu bytes of dynamic shared memory; it may use %d", name,
                      shape.sharedBytes, function.maxDynamicShared);
    }
    return SUCCESS;
}

/** Finds a packed parameter buffer in `extra`: pairs of a tag and a value, ended by a null tag. */
bool findBuffer(void** extra, const char** buffer, size_t* bytes) {
    constexpr uintptr_t END = 0;
    constexpr uintptr_t BUFFER = 1;
    constexpr uintptr_t SIZE = 2;
    *buffer = nullptr;
    *bytes = 0;
    for (size_t i = 0; reinterpret_cast<uintptr_t>(extra[i]) != END; i += 2) {
        switch (reinterpret_cast<uintptr_t>(extra[i])) {
            case BUFFER: *buffer = static_cast<const char*>(extra[i + 1]); break;
            case SIZE: *bytes = *static_cast<size_t*>(extra[i + 1]); break;
            default: return false;
        }
    }
    return *buffer != nullptr;
}

/** Copies the arguments to where the launch keeps them, laid out as in a packed buffer. */
int copyArguments(Launch& launch, void** parameters, void** extra) {
    const SoftcudaKernel& kernel = *launch.kernel;
    std::vector<size_t> offsets;
    size_t bytes = 0;
    for (unsigned i = 0; i < kernel.parameterCount; i++) {
        const SoftcudaParameter& parameter = kernel.parameters[i];
        bytes = (bytes + parameter.alignment - 1) / parameter.alignment * parameter.alignment;
        offsets.push_back(bytes);
        bytes += parameter.size;
    }
    launch.storage.resize(bytes / sizeof(uint64_t) + 3);
    // structs aligned to 16 bytes are read with aligned instructions
    char* base = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(launch.storage.data()) + 15) & ~uintptr_t(15));
    for (size_t offset : offsets) {
        launch.arguments.push_back(base + offset);
    }
    if (parameters != nullptr) {
        for (unsigned i = 0; i < kernel.parameterCount; i++) {
            if (parameters[i] == nullptr) {
                return report(INVALID_VALUE, "kernel %s: argument %u of %u is missing", kernel.name, i,
                              kernel.parameterCount);
            }
            memcpy(launch.arguments[i], parameters[i], kernel.parameters[i].size);
        }
        return SUCCESS;
    }
    const char* buffer = nullptr;
    size_t given = 0;
    if (extra != nullptr && !findBuffer(extra, &buffer, &given)) {
        return report(INVALID_VALUE, "kernel %s: the parameter buffer has an unknown tag or no address", kernel.name);
    }
    // a buffer may be padded to the alignment of its widest member
    if (given < bytes || given > (bytes + 15) / 16 * 16) {
        return report(INVALID_VALUE, "kernel %s: %zu bytes of arguments, its parameters take %zu", kernel.name, given,
                      bytes);
    }
    if (bytes != 0) {
        memcpy(base, buffer, bytes);
    }
    return SUCCESS;
}

DevicePointer pointerArgument(const Launch& launch, unsigned i) {
    DevicePointer address;
    memcpy(&address, launch.arguments[i], sizeof address);
    return address;
}

/** Pointers a kernel gets must lead to memory its device can use, when the stream comes to it. */
bool argumentsUsable(Context& context, const Launch& launch) {
    for (unsigned i = 0; i < launch.kernel->parameterCount; i++) {
        DevicePointer address = launch.kernel->parameters[i].pointer ? pointerArgument(launch, i) : 0;
        if (address == 0) {
            continue;
        }
        const Allocation* allocation = findAllocation(address, 0);
        if (allocation != nullptr && allocation->ready && mayUse(context, *allocation)) {
            continue;
        }
        char where[256];
        char text[512];
        softcuda_describe(reinterpret_cast<void*>(address), where, sizeof where);
        snprintf(text, sizeof text, "kernel %s: argument %u is %p, which is %s%s", launch.kernel->name, i,
                 reinterpret_cast<void*>(address), where,
                 allocation != nullptr && allocation->ready ? " of another device" : "");
        fail(context, ILLEGAL_ADDRESS, text);
        return false;
    }
    return true;
}

/** A pointer whose release is queued already: no order of streams makes that right. */
int refuseReleased(const Launch& launch) {
    for (unsigned i = 0; i < launch.kernel->parameterCount; i++) {
        DevicePointer address = launch.kernel->parameters[i].pointer ? pointerArgument(launch, i) : 0;
        const Allocation* allocation = address == 0 ? nullptr : findAllocation(address, 1);
        if (allocation != nullptr && allocation->releasing) {
            fail(*launch.module->context, ILLEGAL_ADDRESS,
                 (std::string("kernel ") + launch.kernel->name + ": argument " + std::to_string(i)
                  + " was freed (in stream order) before the launch").c_str());
            return ILLEGAL_ADDRESS;
        }
    }
    return SUCCESS;
}

int launch(Context& context, void* function, const LaunchShape& shape, void* handle, void** parameters, void** extra) {
    std::shared_ptr<Stream> stream = streamOf(context, handle);
    if (stream == nullptr) {
        return INVALID_HANDLE;
    }
    tally(LAUNCHES, 1);
    if (faultDue(DEVICE_LOSS)) {
        fail(context, LAUNCH_FAILED, "the device was lost, as asked for");
        return context.sticky;
    }
    if (faultDue(LAUNCH)) {
        return LAUNCH_OUT_OF_RESOURCES;
    }
    bool broken = faultDue(KERNEL_FAULT);
    if (settings().null && !broken) {
        return SUCCESS;
    }
    std::shared_ptr<Launch> prepared;
    if (int error = prepareLaunch(context, function, shape, parameters, extra, &prepared)) {
        return error;
    }
    if (prepared->module->context != stream->context) {
        return report(INVALID_HANDLE, "kernel %s belongs to another context than the stream", prepared->kernel->name);
    }
    Context* owner = stream->context;
    return enqueue(stream, KERNEL, [owner, prepared, broken] {
        if (broken) {
            fail(*owner, ILLEGAL_ADDRESS, "a kernel fault, as asked for");
        } else {
            runLaunch(*owner, *prepared);
        }
    }, prepared);
}

}

int prepareLaunch(Context& context, void* handle, const LaunchShape& shape, void** parameters, void** extra,
                  std::shared_ptr<Launch>* launch) {
    Function* function = functionOf(handle);
    if (function == nullptr) {
        return report(INVALID_HANDLE, "%p is not a function of a loaded module", handle);
    }
    auto prepared = std::make_shared<Launch>();
    prepared->module = function->module.lock();
    prepared->kernel = function->kernel;
    prepared->grid = shape.grid;
    prepared->block = shape.block;
    prepared->sharedBytes = shape.sharedBytes;
    if (int error = checkShape(*function, shape)) {
        return error;
    }
    if (int error = copyArguments(*prepared, parameters, extra)) {
        return error;
    }
    *launch = prepared;
    refuseReleased(*prepared);
    return context.sticky;
}

void runLaunch(Context& context, const Launch& launch) {
    if (!argumentsUsable(context, launch)) {
        return;
    }
    tally(KERNELS, 1);
    Fault fault;
    if (run(launch.module->module, *launch.kernel, launch.grid, launch.block, launch.sharedBytes,
            launch.arguments.data(), &fault) != SUCCESS) {
        fail(context, fault.code, fault.text);
    }
}

}

using namespace softcuda;

SOFTCUDA_API int cuLaunchKernel(void* function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                                unsigned blockY, unsigned blockZ, unsigned sharedBytes, void* stream,
                                void** parameters, void** extra) {
    return inContext([&](Context& context) {
        LaunchShape shape = {{gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes};
        return launch(context, function, shape, stream, parameters, extra);
    });
}

// ---- for cuBLAS, whose products run in streams as kernels do ----

namespace {

Context* productContext = nullptr;      // whose product runs at this moment

}

/** Queues `function(data)`; `dispose(data)` follows, whether it ran or not. */
SOFTCUDA_API int softcuda_enqueue(void* handle, void (*function)(void*), void (*dispose)(void*), void* data) {
    std::shared_ptr<void> owned(data, dispose);
    return inContext([&](Context& context) -> int {
        std::shared_ptr<Stream> stream = streamOf(context, handle);
        if (stream == nullptr) {
            return INVALID_HANDLE;
        }
        tally(PRODUCTS, 1);
        if (faultDue(DEVICE_LOSS)) {
            fail(context, LAUNCH_FAILED, "the device was lost, as asked for");
            return context.sticky;
        }
        if (faultDue(LAUNCH)) {
            return LAUNCH_OUT_OF_RESOURCES;
        }
        if (settings().null) {
            return SUCCESS;
        }
        Context* owner = stream->context;
        return enqueue(stream, KERNEL, [function, owned, owner] {
            productContext = owner;
            function(owned.get());
        });
    });
}

/** For queued work only: a range that its device cannot use ends the context with error 700. */
SOFTCUDA_API bool softcuda_usable(const void* pointer, size_t bytes, const char* function, const char* what) {
    const Allocation* allocation = findAllocation(reinterpret_cast<DevicePointer>(pointer), bytes);
    if (allocation != nullptr && allocation->ready && mayUse(*productContext, *allocation)) {
        return true;
    }
    char where[256];
    softcuda_describe(pointer, where, sizeof where);
    fail(*productContext, ILLEGAL_ADDRESS,
         (std::string(function) + ": " + what + " of " + std::to_string(bytes) + " bytes is not usable: it begins at "
          + where).c_str());
    return false;
}
