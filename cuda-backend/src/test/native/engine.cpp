// Launches: settings, modules, and the distribution of a grid's blocks over workers.
//
// Environment:
//   SOFTCUDA_ORDER     forward (default), reverse or random: in which order blocks and the ready threads of a block run
//   SOFTCUDA_SEED      of the random order, default 1
//   SOFTCUDA_WORKERS   threads of the operating system that run blocks, default: one per processor, at most 16
//   SOFTCUDA_SANITIZE  1: kernels report each memory access; one worker, because the record of accesses has no locks
#include "engine_internal.h"

#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <numeric>
#include <string>
#include <thread>

namespace softcuda {

namespace {

const char* environment(const char* name, const char* otherwise) {
    const char* value = getenv(name);
    return value == nullptr || *value == 0 ? otherwise : value;
}

Order readOrder() {
    std::string order = environment("SOFTCUDA_ORDER", "forward");
    if (order == "reverse") {
        return Order::REVERSE;
    }
    if (order == "random") {
        return Order::RANDOM;
    }
    if (order != "forward") {
        fprintf(stderr, "softcuda: SOFTCUDA_ORDER is %s; valid: forward, reverse, random\n", order.c_str());
        abort();
    }
    return Order::FORWARD;
}

EngineSettings readSettings() {
    EngineSettings read;
    read.order = readOrder();
    read.seed = uint32_t(strtoul(environment("SOFTCUDA_SEED", "1"), nullptr, 10));
    read.sanitize = strcmp(environment("SOFTCUDA_SANITIZE", "0"), "0") != 0;
    unsigned workers = unsigned(strtoul(environment("SOFTCUDA_WORKERS", "0"), nullptr, 10));
    if (workers == 0) {
        workers = std::clamp(std::thread::hardware_concurrency(), 1u, 16u);
    }
    read.workers = read.sanitize ? 1 : workers;
    return read;
}

/** Below this many threads a launch ends sooner than a sleeping worker starts: at 5 ns each, 400 ns with barriers. */
constexpr uint64_t THREADS_WORTH_WAKING = 32768;
constexpr uint64_t WAITING_THREADS_WORTH_WAKING = 1024;

/** A launch as its workers share it. */
struct Launch {
    const Module& module;
    const SoftcudaKernel& kernel;
    Extent grid;
    Extent block;
    size_t dynamicSize;
    void* const* arguments;
    Fault* fault;
    uint32_t ordinal = 0;
    uint64_t blocks = 0;
    uint64_t first = 0;     // block at position 0 of the order
    uint64_t stride = 1;    // from one position to the next
    uint64_t chunk = 1;     // positions taken at once
    std::atomic<uint64_t> next {0};
    std::atomic<bool> failed {false};
    std::mutex lock {};
};

void chooseOrder(Launch& launch) {
    uint64_t n = launch.blocks;
    if (engineSettings.order == Order::REVERSE) {
        launch.first = n - 1;
        launch.stride = n - 1;
    } else if (engineSettings.order == Order::RANDOM) {
        uint64_t mixed = (engineSettings.seed + launch.ordinal) * 0x9e3779b97f4a7c15u;
        launch.first = (mixed >> 20) % n;
        launch.stride = std::max<uint64_t>((mixed >> 32) % n, 1);
        while (std::gcd(launch.stride, n) != 1) {
            launch.stride++;
        }
    }
}

uint64_t blockAt(const Launch& launch, uint64_t position) {
    if (engineSettings.order == Order::FORWARD) {
        return position;
    }
    return uint64_t((launch.first + (unsigned __int128) position * launch.stride) % launch.blocks);
}

void runPosition(Launch& launch, Engine* engine, uint64_t position) {
    uint64_t block = blockAt(launch, position);
    const Extent& grid = launch.grid;
    uint64_t row = block / grid.x;
    engine->blockIndex = {unsigned(block % grid.x), unsigned(row % grid.y), unsigned(row / grid.y)};
    engine->random = engineSettings.seed + launch.ordinal * 7919u + uint32_t(block) * 104729u;
    poisonShared(engine);
    if (engineSettings.sanitize) {
        sanitizerBlock(engine);
    }
    runBlock(engine);
    if (engine->synchronised) {
        engine->anchor->state = SOFTCUDA_SHARED_USED;
        launch.kernel.waits = true;
    }
}

void runBlocks(Launch& launch, Engine* engine) {
    while (!launch.failed.load(std::memory_order_relaxed)) {
        uint64_t position = launch.next.fetch_add(launch.chunk, std::memory_order_relaxed);
        uint64_t end = std::min(position + launch.chunk, launch.blocks);
        if (position >= end) {
            return;
        }
        for (; position < end; position++) {
            runPosition(launch, engine, position);
            if (engine->failed) {
                locateFault(engine);
                std::lock_guard<std::mutex> guard(launch.lock);
                if (!launch.failed.exchange(true)) {
                    *launch.fault = engine->fault;
                }
                return;
            }
        }
    }
}

/** One worker's part of a launch, on the calling thread. Kernels' signals need a stack other than the kernel's. */
void work(Launch& launch) {
    Engine* engine = acquireEngine();
    reserveStacks(engine, unsigned(launch.block.count()));
    engine->kernel = &launch.kernel;
    engine->arguments = launch.arguments;
    engine->grid = launch.grid;
    engine->block = launch.block;
    engine->dynamicSize = launch.dynamicSize;
    engine->failed = false;
    bindModule(engine, launch.module);
    stack_t own = {};
    stack_t before = {};
    own.ss_sp = engine->signalStack;
    own.ss_size = SIGNAL_STACK_SIZE;
    sigaltstack(&own, &before);
    runBlocks(launch, engine);
    sigaltstack(&before, nullptr);
    releaseEngine(engine);
}

/** Threads that wait for launches with much work; one launch at a time. They are never joined. */
class Workers {
public:
    /** Runs the launch on all workers and the caller; false, and nothing done, when the workers have another. */
    bool run(Launch& launch) {
        std::unique_lock<std::mutex> mine(turn, std::try_to_lock);
        if (!mine.owns_lock()) {
            return false;
        }
        start();
        {
            std::lock_guard<std::mutex> guard(lock);
            current = &launch;
            generation++;
            busy = engineSettings.workers - 1;
        }
        wake.notify_all();
        work(launch);
        std::unique_lock<std::mutex> guard(lock);
        done.wait(guard, [this] { return busy == 0; });
        return true;
    }

private:
    void start() {
        if (started) {
            return;
        }
        started = true;
        // The virtual machine's signals (thread dumps, profilers) must not reach threads that it does not know.
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
            sigdelset(&all, signal);
        }
        pthread_sigmask(SIG_SETMASK, &all, &before);
        for (unsigned i = 1; i < engineSettings.workers; i++) {
            std::thread([this] { serve(); }).detach();
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    void serve() {
        uint64_t seen = 0;
        for (;;) {
            Launch* launch;
            {
                std::unique_lock<std::mutex> guard(lock);
                wake.wait(guard, [&] { return generation != seen; });
                seen = generation;
                launch = current;
            }
            work(*launch);
            std::lock_guard<std::mutex> guard(lock);
            if (--busy == 0) {
                done.notify_one();
            }
        }
    }

    std::mutex turn;
    std::mutex lock;
    std::condition_variable wake;
    std::condition_variable done;
    Launch* current = nullptr;
    uint64_t generation = 0;
    unsigned busy = 0;
    bool started = false;
};

Workers& workers = *new Workers;

std::atomic<uint32_t> launches {0};

/** A kernel that is not extern "C" is found under its mangled name, as in CUDA. */
void nameKernels(SoftcudaKernel* kernel) {
    for (; kernel != nullptr; kernel = kernel->next) {
        Dl_info info;
        if (!kernel->expression && dladdr(kernel->function, &info) != 0 && info.dli_saddr == kernel->function) {
            kernel->name = info.dli_sname;
        }
    }
}

struct Found {
    const ElfW(Addr) base;
    Module* module;
};

int readSegments(dl_phdr_info* info, size_t, void* data) {
    Found* found = static_cast<Found*>(data);
    if (info->dlpi_addr != found->base) {
        return 0;
    }
    Module* module = found->module;
    module->begin = ~uintptr_t(0);
    module->end = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr)& segment = info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
        if (segment.p_type == PT_LOAD) {
            module->begin = std::min(module->begin, begin);
            module->end = std::max(module->end, begin + segment.p_memsz);
        } else if (segment.p_type == PT_TLS) {
            module->sharedSize = segment.p_memsz;
            module->sharedOffset =
                static_cast<char*>(info->dlpi_tls_data) - reinterpret_cast<char*>(module->anchor());
        }
    }
    return 1;
}

}

const EngineSettings engineSettings = readSettings();

bool readModule(void* handle, Module* module) {
    auto kernels = reinterpret_cast<SoftcudaKernel* (*)()>(dlsym(handle, "softcuda_module_kernels"));
    auto anchor = reinterpret_cast<SoftcudaAnchor* (*)()>(dlsym(handle, "softcuda_module_anchor"));
    auto stamp = static_cast<const char*>(dlsym(handle, "softcuda_module_stamp"));
    link_map* map = nullptr;
    if (stamp == nullptr || strcmp(stamp, softcuda_stamp()) != 0) {
        return false;
    }
    if (kernels == nullptr || anchor == nullptr || dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0) {
        return false;
    }
    module->path = static_cast<const char*>(dlsym(handle, "softcuda_module_path"));
    // Gives this thread the module's thread-local block in a way that dl_iterate_phdr notices: reading it does not,
    // where the block lies in the reserve of static TLS.
    if (dlsym(handle, "softcuda_module_anchor_block") != anchor()) {
        return false;
    }
    module->kernels = kernels();
    nameKernels(kernels());
    module->anchor = anchor;
    Found found = {map->l_addr, module};
    return dl_iterate_phdr(readSegments, &found) == 1;
}

int run(const Module& module, const SoftcudaKernel& kernel, Extent grid, Extent block, size_t sharedBytes,
        void* const* arguments, Fault* fault) {
    Launch launch {module, kernel, grid, block, sharedBytes, arguments, fault};
    launch.ordinal = launches.fetch_add(1);
    launch.blocks = grid.count();
    fault->code = 0;
    uint64_t threads = launch.blocks * block.count();
    launch.chunk = std::max<uint64_t>(1, 512 / block.count());
    chooseOrder(launch);
    static std::mutex& oneAtATime = *new std::mutex;
    std::unique_lock<std::mutex> sanitized(oneAtATime, std::defer_lock);
    if (engineSettings.sanitize) {
        sanitized.lock();
        sanitizerLaunch();
    }
    uint64_t enough = kernel.waits ? WAITING_THREADS_WORTH_WAKING : THREADS_WORTH_WAKING;
    bool many = engineSettings.workers > 1 && launch.blocks > 1 && threads >= enough;
    if (!many || !workers.run(launch)) {
        work(launch);
    }
    return fault->code;
}

bool insideKernel() {
    return running != nullptr;
}

}
