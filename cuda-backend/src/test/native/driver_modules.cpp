// Modules, their functions and variables, and what can be asked about them.
#include "driver.h"

#include <atomic>
#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace softcuda {

namespace {

constexpr int REGISTERS = 32;               // of a thread; the software device has no such limit
constexpr int WARP = 32;
constexpr int MAX_BLOCKS = 32;              // of a multiprocessor
constexpr int MAX_RESIDENT_THREADS = 2048;  // of a multiprocessor
constexpr size_t SHARED_PER_MULTIPROCESSOR = 233472;

auto& modules = *new std::map<LoadedModule*, std::shared_ptr<LoadedModule>>;
auto& functions = *new std::set<Function*>;

/** Opens bytes of a shared object as a library of its own, even when the same bytes are loaded already. */
void* openBytes(const void* bytes, size_t size) {
    int file = memfd_create("kernels", MFD_CLOEXEC);
    if (file < 0) {
        return nullptr;
    }
    const char* from = static_cast<const char*>(bytes);
    while (size > 0) {
        ssize_t written = write(file, from, size);
        if (written <= 0) {
            close(file);
            return nullptr;
        }
        from += written;
        size -= size_t(written);
    }
    // The loader takes an equal path for an equal library, and descriptors are numbered anew: so every path is unlike.
    static std::atomic<int> opened{0};
    std::string path = "/proc/self/fd/" + std::string(size_t(++opened), '/') + std::to_string(file);
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    close(file);
    return handle;
}

/** Opens the shared object that a text image names. */
void* openPath(const char* text) {
    std::string path(text, strcspn(text, "\r\n"));
    int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        report(INVALID_IMAGE, "the image names %s, which cannot be read", path.c_str());
        return nullptr;
    }
    off_t size = lseek(file, 0, SEEK_END);
    void* bytes = mmap(nullptr, size_t(size), PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (bytes == MAP_FAILED) {
        return nullptr;
    }
    void* handle = openBytes(bytes, size_t(size));
    munmap(bytes, size_t(size));
    return handle;
}

void* openImage(const void* image) {
    if (memcmp(image, ELFMAG, SELFMAG) == 0) {
        const Elf64_Ehdr& header = *static_cast<const Elf64_Ehdr*>(image);
        return openBytes(image, header.e_shoff + size_t(header.e_shnum) * header.e_shentsize);
    }
    size_t prefix = strlen(TEXT_IMAGE_PREFIX);
    if (strncmp(static_cast<const char*>(image), TEXT_IMAGE_PREFIX, prefix) == 0) {
        return openPath(static_cast<const char*>(image) + prefix);
    }
    return nullptr;
}

int load(Context& context, LoadedModule** handle, const void* image) {
    void* library = openImage(image);
    if (library == nullptr) {
        const char* reason = dlerror();
        return report(INVALID_IMAGE, "the image was not made by the software device's compiler, or does not load: %s",
                      reason == nullptr ? "no reason given" : reason);
    }
    auto module = std::make_shared<LoadedModule>();
    module->handle = library;
    module->context = &context;
    if (!readModule(library, &module->module)) {
        return report(INVALID_IMAGE, "the image was not compiled by this build of the software device");
    }
    for (const SoftcudaKernel* kernel = module->module.kernels; kernel != nullptr; kernel = kernel->next) {
        Function* function = new Function{module, kernel, int(DEFAULT_DYNAMIC_SHARED)};
        module->functions[kernel->name] = function;
        functions.insert(function);
    }
    *handle = module.get();
    modules[*handle] = module;
    tally(MODULES, 1);
    return SUCCESS;
}

void unload(LoadedModule* module) {
    for (const auto& [name, function] : module->functions) {
        functions.erase(function);
        delete function;
    }
    modules.erase(module);
    tally(MODULES, -1);
}

LoadedModule* moduleOf(LoadedModule* handle) {
    return modules.count(handle) == 0 ? nullptr : handle;
}

/** Address and size of a variable; false when the module has none of that name. */
bool findVariable(const LoadedModule& module, const char* name, DevicePointer* address, size_t* bytes) {
    void* symbol = dlsym(module.handle, name);
    Dl_info info;
    Elf64_Sym* entry = nullptr;
    if (symbol == nullptr || !dladdr1(symbol, &info, reinterpret_cast<void**>(&entry), RTLD_DL_SYMENT)
            || entry == nullptr || ELF64_ST_TYPE(entry->st_info) != STT_OBJECT) {
        return false;
    }
    *address = reinterpret_cast<DevicePointer>(symbol);
    *bytes = entry->st_size;
    return true;
}

/** Static shared memory is reported as none: the compiler knows only what all kernels of a file use together. */
int attributeOf(const Function& function, int attribute, int* value) {
    switch (attribute) {
        case 0: *value = int(function.kernel->maxThreads); return SUCCESS;
        case 1: case 2: case 3: *value = 0; return SUCCESS;
        case 4: *value = REGISTERS; return SUCCESS;
        case 5: case 6: *value = 90; return SUCCESS;
        case 7: *value = 0; return SUCCESS;
        case 8: *value = function.maxDynamicShared; return SUCCESS;
        case 9: *value = -1; return SUCCESS;
        default: return INVALID_VALUE;
    }
}

int blocksPerMultiprocessor(int threads, size_t dynamicShared) {
    int resident = (threads + WARP - 1) / WARP * WARP;
    size_t shared = dynamicShared + 1024;        // each block's reserve
    return std::min({MAX_BLOCKS, MAX_RESIDENT_THREADS / resident, int(SHARED_PER_MULTIPROCESSOR / shared)});
}

/** Runs the body with a function and its module. */
template <class Body>
int withFunction(void* handle, Body body, const char* name = __builtin_FUNCTION()) {
    return inContext([&](Context&) -> int {
        Function* function = functionOf(handle);
        return function == nullptr ? int(INVALID_HANDLE) : int(body(*function, *function->module.lock()));
    }, name);
}

}

LoadedModule::~LoadedModule() {
    for (DevicePointer variable : variables) {
        unregister(variable);
    }
    dlclose(handle);
}

void unloadAll(const Context& context) {
    std::vector<LoadedModule*> found;
    for (const auto& [handle, module] : modules) {
        if (module->context == &context) {
            found.push_back(handle);
        }
    }
    for (LoadedModule* module : found) {
        unload(module);
    }
}

Function* functionOf(void* handle) {
    Function* function = static_cast<Function*>(handle);
    return functions.count(function) == 0 || function->module.expired() ? nullptr : function;
}

}

using namespace softcuda;

SOFTCUDA_API int cuDeviceGetAttribute(int* value, int attribute, int ordinal);

SOFTCUDA_API int cuModuleLoadData(LoadedModule** module, const void* image) {
    return inContext([&](Context& context) { return image == nullptr ? INVALID_VALUE : load(context, module, image); });
}

SOFTCUDA_API int cuModuleLoadDataEx(LoadedModule** module, const void* image, unsigned, int*, void**) {
    return cuModuleLoadData(module, image);
}

SOFTCUDA_API int cuModuleLoadFatBinary(LoadedModule** module, const void* image) {
    return cuModuleLoadData(module, image);
}

SOFTCUDA_API int cuModuleLoad(LoadedModule** module, const char* path) {
    return inContext([&](Context& context) -> int {
        std::string image = TEXT_IMAGE_PREFIX + std::string(path) + "\n";
        return access(path, R_OK) != 0 ? int(FILE_NOT_FOUND) : load(context, module, image.c_str());
    });
}

SOFTCUDA_API int cuModuleUnload(LoadedModule* handle) {
    return inContext([&](Context& context) -> int {
        LoadedModule* module = moduleOf(handle);
        if (module == nullptr) {
            return INVALID_HANDLE;
        }
        int error = synchronize(context);
        unload(module);
        return error;
    });
}

SOFTCUDA_API int cuModuleGetFunction(Function** function, LoadedModule* handle, const char* name) {
    return inContext([&](Context&) -> int {
        LoadedModule* module = moduleOf(handle);
        if (module == nullptr) {
            return INVALID_HANDLE;
        }
        auto found = module->functions.find(name);
        if (found == module->functions.end()) {
            return NOT_FOUND;
        }
        *function = found->second;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuModuleGetGlobal_v2(DevicePointer* address, size_t* bytes, LoadedModule* handle, const char* name) {
    return inContext([&](Context& context) -> int {
        LoadedModule* module = moduleOf(handle);
        DevicePointer begin;
        size_t size;
        if (module == nullptr || !findVariable(*module, name, &begin, &size)) {
            return module == nullptr ? INVALID_HANDLE : NOT_FOUND;
        }
        if (module->variables.insert(begin).second) {
            registerRange(Allocation::VARIABLE, begin, size, context.device);
        }
        if (address != nullptr) {
            *address = begin;
        }
        if (bytes != nullptr) {
            *bytes = size;
        }
        return SUCCESS;
    });
}

SOFTCUDA_API int cuModuleGetLoadingMode(int* mode) {
    *mode = 1;      // eager
    return SUCCESS;
}

// ---- functions ----

SOFTCUDA_API int cuFuncGetModule(LoadedModule** module, void* function) {
    return withFunction(function, [&](Function&, LoadedModule& owner) {
        *module = &owner;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuFuncGetAttribute(int* value, int attribute, void* function) {
    return withFunction(function, [&](Function& f, LoadedModule&) { return attributeOf(f, attribute, value); });
}

SOFTCUDA_API int cuFuncSetAttribute(void* function, int attribute, int value) {
    return withFunction(function, [&](Function& f, LoadedModule&) {
        constexpr int MAX_DYNAMIC = 8;
        constexpr int CARVEOUT = 9;
        if (attribute == MAX_DYNAMIC) {
            if (value < 0 || size_t(value) > MAX_DYNAMIC_SHARED) {
                return INVALID_VALUE;
            }
            f.maxDynamicShared = value;
        }
        return attribute == MAX_DYNAMIC || attribute == CARVEOUT ? SUCCESS : INVALID_VALUE;
    });
}

SOFTCUDA_API int cuFuncSetCacheConfig(void* function, int) {
    return withFunction(function, [](Function&, LoadedModule&) { return SUCCESS; });
}

SOFTCUDA_API int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* function, int threads, size_t shared) {
    return withFunction(function, [&](Function&, LoadedModule&) {
        if (threads < 1 || threads > int(MAX_THREADS)) {
            return INVALID_VALUE;
        }
        *blocks = blocksPerMultiprocessor(threads, shared);
        return SUCCESS;
    });
}

SOFTCUDA_API int cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, void* function, int threads,
                                                                      size_t shared, unsigned) {
    return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function, threads, shared);
}

SOFTCUDA_API int cuOccupancyMaxPotentialBlockSize(int* minGrid, int* block, void* function, size_t (*sharedOf)(int),
                                                  size_t shared, int limit) {
    return withFunction(function, [&](Function&, LoadedModule& m) {
        int threads = limit > 0 && limit < int(MAX_THREADS) ? limit : int(MAX_THREADS);
        int multiprocessors = 0;
        cuDeviceGetAttribute(&multiprocessors, 16, m.context->device);
        *block = threads;
        *minGrid = multiprocessors * blocksPerMultiprocessor(threads, sharedOf ? sharedOf(threads) : shared);
        return SUCCESS;
    });
}

SOFTCUDA_API int cuOccupancyMaxPotentialBlockSizeWithFlags(int* minGrid, int* block, void* function,
                                                           size_t (*sharedOf)(int), size_t shared, int limit,
                                                           unsigned) {
    return cuOccupancyMaxPotentialBlockSize(minGrid, block, function, sharedOf, shared, limit);
}

SOFTCUDA_API int cuOccupancyAvailableDynamicSMemPerBlock(size_t* bytes, void* function, int blocks, int) {
    return withFunction(function, [&](Function&, LoadedModule&) {
        *bytes = SHARED_PER_MULTIPROCESSOR / size_t(std::max(blocks, 1));
        return SUCCESS;
    });
}
