// State shared by the engine's own files: one Engine runs one block at a time on one thread of the operating system.
#pragma once

#include "engine.h"

#include <cstdarg>

namespace softcuda {

enum class Order { FORWARD, REVERSE, RANDOM };

struct EngineSettings {
    Order order;
    uint32_t seed;
    unsigned workers;
    bool sanitize;
};

/** From the environment when the library is loaded: SOFTCUDA_ORDER, _SEED, _WORKERS, _SANITIZE (see engine.cpp). */
extern const EngineSettings engineSettings;

struct Index {
    unsigned x, y, z;
};

constexpr unsigned WARP_SIZE = 32;
constexpr unsigned MAX_WARPS = MAX_THREADS / WARP_SIZE;
constexpr size_t PAGE = 4096;
constexpr size_t STACK_SIZE = 64 * 1024;
constexpr size_t STACK_STRIDE = STACK_SIZE + PAGE;

/** One CUDA thread of the block; meaningful from the moment it first blocks. */
struct Coroutine {
    void* stackPointer;
    int stack;
    uint64_t value;         // given to a warp operation, then replaced by its result
    unsigned mask;
    uint8_t operation;
    uint8_t width;
    int argument;
    int line;               // of the source, where it waits
};

/** One bit per lane. A live lane is fresh (not started), ready, running, waiting in an operation, or at the barrier. */
struct Warp {
    unsigned live;
    unsigned fresh;
    unsigned ready;         // fresh lanes are ready too
    unsigned waiting;
    unsigned atBarrier;
    uint32_t epoch;         // counts __syncwarp: orders memory accesses within the warp
};

struct Engine {
    // the launch
    const Module* module;
    const SoftcudaKernel* kernel;
    void* const* arguments;
    Extent grid;
    Extent block;
    size_t dynamicSize;
    // the block
    Index blockIndex;
    unsigned threads;
    unsigned live;
    unsigned arrived;           // at the barrier
    int barrierKind;
    int barrierLine;
    int barrierValue;
    int barrierResult;
    bool synchronised;          // some thread of this block waited for another
    unsigned runnableWarps;     // one bit per warp with ready lanes
    Warp warps[MAX_WARPS];
    // scheduling
    unsigned current;           // linear index of the running thread
    int stack;                  // on which it runs
    void* main;                 // stack pointer of runBlock
    uint32_t random;
    bool stacksInOrder;         // no block has changed freeStacks since it was filled
    int freeStackCount;
    int freeStacks[MAX_THREADS];
    Coroutine coroutines[MAX_THREADS];
    Extent positionsOf;         // block shape that `positions` was computed for
    Index positions[MAX_THREADS];
    // memory
    char* stacks;
    int stackCount;
    char* dynamicEnd;           // a guard page follows
    char* staticBegin;          // the module's thread-local block on this thread
    SoftcudaAnchor* anchor;
    char* signalStack;
    // outcome
    bool failed;
    uintptr_t place;            // of the instruction at fault, 0 when the fault's text names its line
    Fault fault;

    void makeReady(unsigned warp, unsigned lanes) {
        if (lanes != 0) {
            warps[warp].ready |= lanes;
            runnableWarps |= 1u << warp;
        }
    }

    char* dynamicBegin() const {
        return dynamicEnd - (dynamicSize + 15) / 16 * 16;
    }
};

inline unsigned warpOf(unsigned thread) {
    return thread / WARP_SIZE;
}

inline unsigned laneBit(unsigned thread) {
    return 1u << (thread % WARP_SIZE);
}

constexpr size_t SIGNAL_STACK_SIZE = 64 * 1024;

// ---- engine_scheduler.cpp ----

/** The engine whose block this thread of the operating system runs now, or null. */
extern __thread Engine* running __attribute__((tls_model("initial-exec")));

/** Runs the block `engine->blockIndex` to its end or its first fault. */
void runBlock(Engine* engine);

/** The running thread has to wait: runs others until it is made ready and picked again. */
void waitHere(Engine* engine, unsigned thread);

/** Gives up the block: notes the fault at the running thread and never returns. Callable from a signal handler. */
[[noreturn]] void fail(int code, const char* format, ...) __attribute__((format(printf, 2, 3)));

// ---- engine_warp.cpp ----

/** After a lane has ended: lanes that waited for it alone go on. */
void completeWaiting(Engine* engine, unsigned warp);

/** Describes the first of the lanes that wait in warp operations; returns their number. */
unsigned describeWaiting(const Engine* engine, char* text, size_t size);

// ---- engine_location.cpp ----

/** Appends the source line of engine->place to the fault's text, if the module's file is still there. */
void locateFault(Engine* engine);

// ---- engine_memory.cpp ----

/** An engine that no one uses, from a pool: an engine's stacks are expensive to make. */
Engine* acquireEngine();
void releaseEngine(Engine* engine);

/** Makes sure that `count` stacks exist. */
void reserveStacks(Engine* engine, unsigned count);

/** Finds the module's static shared memory on this thread. */
void bindModule(Engine* engine, const Module& module);

/** Fills what a block finds in its shared memory with 0xFF: not-a-number as float, -1 as int. */
void poisonShared(Engine* engine);

/** Says in words which of the engine's own regions an address lies in; false when in none. */
bool describeOwn(const Engine* engine, const void* address, char* text, size_t size);

// ---- sanitizer_races.cpp; called in sanitised runs only ----

/** A launch begins: what earlier launches did orders before it. */
void sanitizerLaunch();

/** A block begins. */
void sanitizerBlock(const Engine* engine);

/** The block's threads have met at a barrier. */
void sanitizerBarrier();

/** The running thread has published its writes to other blocks. */
void sanitizerFence();

/** The running thread is about to wait or to end: judges its last write. */
void sanitizerSettle();

}
