// What an engine owns: stacks with guard pages, dynamic shared memory that ends at one, and the view of a module's
// static shared memory, which is thread-local storage of the shared object.
#include "engine_internal.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

namespace softcuda {

namespace {

std::mutex poolLock;
std::vector<Engine*>& pool = *new std::vector<Engine*>;

char* reserve(size_t size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* region = mmap(nullptr, size, PROT_NONE, flags, -1, 0);
    if (region == MAP_FAILED) {
        perror("softcuda: no address space for an engine");
        abort();
    }
    return static_cast<char*>(region);
}

void open(char* begin, size_t size) {
    if (mprotect(begin, size, PROT_READ | PROT_WRITE) != 0) {
        perror("softcuda: no memory for an engine");
        abort();
    }
}

constexpr size_t DYNAMIC_REGION = (MAX_DYNAMIC_SHARED + PAGE - 1) / PAGE * PAGE;

Engine* makeEngine() {
    Engine* engine = static_cast<Engine*>(calloc(1, sizeof(Engine)));
    engine->positionsOf = {0, 0, 0};
    engine->stacks = reserve(MAX_THREADS * STACK_STRIDE);
    char* dynamic = reserve(DYNAMIC_REGION + 2 * PAGE);
    open(dynamic + PAGE, DYNAMIC_REGION);
    engine->dynamicEnd = dynamic + PAGE + DYNAMIC_REGION;
    engine->signalStack = static_cast<char*>(malloc(SIGNAL_STACK_SIZE));
    return engine;
}

}

Engine* acquireEngine() {
    {
        std::lock_guard<std::mutex> guard(poolLock);
        if (!pool.empty()) {
            Engine* engine = pool.back();
            pool.pop_back();
            return engine;
        }
    }
    return makeEngine();
}

void releaseEngine(Engine* engine) {
    std::lock_guard<std::mutex> guard(poolLock);
    pool.push_back(engine);
}

void reserveStacks(Engine* engine, unsigned count) {
    while (engine->stackCount < int(count)) {
        open(engine->stacks + size_t(engine->stackCount) * STACK_STRIDE + PAGE, STACK_SIZE);
        engine->stackCount++;
        engine->stacksInOrder = false;
    }
}

void bindModule(Engine* engine, const Module& module) {
    engine->module = &module;
    engine->anchor = module.anchor();
    engine->staticBegin = reinterpret_cast<char*>(engine->anchor) + module.sharedOffset;
}

void poisonShared(Engine* engine) {
    if (engine->dynamicSize != 0) {
        char* begin = engine->dynamicBegin();
        memset(begin, 0xff, size_t(engine->dynamicEnd - begin));
    }
    if (engine->anchor->state != SOFTCUDA_SHARED_POISONED || engineSettings.sanitize) {
        memset(engine->staticBegin, 0xff, engine->module->sharedSize);
        engine->anchor->state = SOFTCUDA_SHARED_POISONED;
    }
}

bool describeOwn(const Engine* engine, const void* address, char* text, size_t size) {
    const char* at = static_cast<const char*>(address);
    const char* begin = engine->dynamicBegin();
    if (at >= engine->dynamicEnd - DYNAMIC_REGION - PAGE && at < engine->dynamicEnd + PAGE) {
        snprintf(text, size, "byte %td of %zu bytes of dynamic shared memory", at - begin, engine->dynamicSize);
        return true;
    }
    if (at >= engine->staticBegin && at < engine->staticBegin + engine->module->sharedSize) {
        snprintf(text, size, "byte %td of %zu bytes of the file's static shared memory", at - engine->staticBegin,
                 engine->module->sharedSize);
        return true;
    }
    if (at >= engine->stacks && at < engine->stacks + MAX_THREADS * STACK_STRIDE) {
        size_t inStack = size_t(at - engine->stacks) % STACK_STRIDE;
        snprintf(text, size, inStack < PAGE ? "the end of a thread's stack of %zu bytes: too much local memory"
                                            : "local memory, in a thread's stack of %zu bytes", STACK_SIZE);
        return true;
    }
    return false;
}

}
