// Runs the threads of one block. A stack runs fresh threads one after the other for as long as they do not wait; a
// thread that has to wait keeps its stack, and the next one starts on another. So a kernel without barriers costs no
// context switch, and one with barriers costs one per thread and barrier.
#include "engine_internal.h"

#include <cstdio>
#include <cstring>

extern "C" {
__thread softcuda::Index softcuda_thread_index __attribute__((tls_model("initial-exec")));
__thread softcuda::Index softcuda_block_index __attribute__((tls_model("initial-exec")));
__thread softcuda::Index softcuda_block_extent __attribute__((tls_model("initial-exec")));
__thread softcuda::Index softcuda_grid_extent __attribute__((tls_model("initial-exec")));

/** Saves the callee-saved registers on this stack, its pointer in *save, and continues where `to` was saved. */
void softcuda_switch(void** save, void* to);
void softcuda_run_threads();
}

asm(R"(
.text
.p2align 4
.globl softcuda_switch
.hidden softcuda_switch
.type softcuda_switch, @function
softcuda_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size softcuda_switch, .-softcuda_switch
)");

namespace softcuda {

__thread Engine* running __attribute__((tls_model("initial-exec")));

namespace {

constexpr unsigned NONE = ~0u;

uint32_t nextRandom(Engine* e) {
    e->random = e->random * 1664525u + 1013904223u;
    return e->random >> 8;
}

unsigned pickBit(Engine* e, unsigned bits) {
    switch (engineSettings.order) {
        case Order::FORWARD:
            return __builtin_ctz(bits);
        case Order::REVERSE:
            return 31 - __builtin_clz(bits);
        case Order::RANDOM:
            break;
    }
    unsigned skip = nextRandom(e) % __builtin_popcount(bits);
    while (skip-- > 0) {
        bits &= bits - 1;
    }
    return __builtin_ctz(bits);
}

/** Takes the next thread that can run from the ready sets; NONE when there is none. */
unsigned takeReady(Engine* e) {
    if (e->runnableWarps == 0) {
        return NONE;
    }
    unsigned w = pickBit(e, e->runnableWarps);
    Warp& warp = e->warps[w];
    unsigned lane = pickBit(e, warp.ready);
    warp.ready &= ~(1u << lane);
    if (warp.ready == 0) {
        e->runnableWarps &= ~(1u << w);
    }
    return w * WARP_SIZE + lane;
}

void placeThread(Engine* e, unsigned thread) {
    e->current = thread;
    softcuda_thread_index = e->positions[thread];
}

/** A fresh stack whose saved context starts softcuda_run_threads. */
void* prepareStack(Engine* e, int stack) {
    // Tops a page multiple apart would all fall into the same cache sets.
    size_t colour = size_t(stack % 32) * 128;
    void** top = reinterpret_cast<void**>(e->stacks + size_t(stack + 1) * STACK_STRIDE - colour);
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(softcuda_run_threads);
    for (int i = 0; i < 6; i++) {
        *--top = nullptr;
    }
    return top;
}

/** Leaves the running context in *save and runs `thread`, or returns to runBlock when it is NONE. */
void switchTo(Engine* e, void** save, unsigned thread) {
    if (thread == NONE) {
        softcuda_switch(save, e->main);
        return;
    }
    Warp& warp = e->warps[warpOf(thread)];
    placeThread(e, thread);
    if (warp.fresh & laneBit(thread)) {
        warp.fresh &= ~laneBit(thread);
        e->stack = e->freeStacks[--e->freeStackCount];
        softcuda_switch(save, prepareStack(e, e->stack));
    } else {
        Coroutine& c = e->coroutines[thread];
        e->stack = c.stack;
        softcuda_switch(save, c.stackPointer);
    }
}

void releaseBarrier(Engine* e) {
    e->barrierResult = e->barrierValue;
    e->arrived = 0;
    if (engineSettings.sanitize) {
        sanitizerBarrier();
    }
    unsigned count = (e->threads + WARP_SIZE - 1) / WARP_SIZE;
    for (unsigned w = 0; w < count; w++) {
        e->makeReady(w, e->warps[w].atBarrier);
        e->warps[w].atBarrier = 0;
    }
}

void endThread(Engine* e) {
    if (engineSettings.sanitize) {
        sanitizerSettle();
    }
    Warp& warp = e->warps[warpOf(e->current)];
    warp.live &= ~laneBit(e->current);
    e->live--;
    if (e->arrived != 0 && e->arrived == e->live) {
        releaseBarrier(e);
    }
    if (warp.waiting != 0) {
        completeWaiting(e, warpOf(e->current));
    }
}

/**
 * Ends the running thread and starts the next one of its warp, for blocks in which no thread has waited so far, run
 * forwards: then the lanes left are those above this one. False, and nothing done, where that does not hold.
 */
bool startNextInWarp(Engine* e) {
    Warp& warp = e->warps[warpOf(e->current)];
    unsigned rest = warp.ready;
    if (e->synchronised || rest == 0 || engineSettings.order != Order::FORWARD || engineSettings.sanitize) {
        return false;
    }
    e->live--;
    warp.live = rest;
    warp.ready = rest & (rest - 1);
    warp.fresh = warp.ready;
    if (warp.ready == 0) {
        e->runnableWarps &= e->runnableWarps - 1;
    }
    placeThread(e, e->current + 1);
    return true;
}

[[noreturn]] void leave(Engine* e) {
    void* abandoned;
    softcuda_switch(&abandoned, e->main);
    __builtin_unreachable();
}

void setPositions(Engine* e) {
    const Extent& b = e->block;
    if (b.x == e->positionsOf.x && b.y == e->positionsOf.y && b.z == e->positionsOf.z) {
        return;
    }
    unsigned i = 0;
    for (unsigned z = 0; z < b.z; z++) {
        for (unsigned y = 0; y < b.y; y++) {
            for (unsigned x = 0; x < b.x; x++) {
                e->positions[i++] = {x, y, z};
            }
        }
    }
    e->positionsOf = b;
}

void freeAllStacks(Engine* e) {
    if (!e->stacksInOrder) {
        for (int i = 0; i < e->stackCount; i++) {
            e->freeStacks[i] = e->stackCount - 1 - i;
        }
        e->stacksInOrder = true;
    }
    e->freeStackCount = e->stackCount;
}

/** Some threads live and none can run: says who waits for what. */
void reportDeadlock(Engine* e) {
    char warpText[256] = "";
    unsigned warpWaiters = describeWaiting(e, warpText, sizeof warpText);
    char barrierText[128] = "";
    if (e->arrived != 0) {
        snprintf(barrierText, sizeof barrierText, " (line %d)", e->barrierLine);
    }
    e->failed = true;
    e->fault.code = ERROR_LAUNCH_TIMEOUT;
    snprintf(e->fault.text, sizeof e->fault.text,
             "kernel %s block (%u,%u,%u): deadlock: of %u live threads %u wait at __syncthreads%s and %u in warp "
             "operations%s", e->kernel->name, e->blockIndex.x, e->blockIndex.y, e->blockIndex.z, e->live, e->arrived,
             barrierText, warpWaiters, warpText);
}

}

void waitHere(Engine* e, unsigned thread) {
    Coroutine& c = e->coroutines[thread];
    c.stack = e->stack;
    e->synchronised = true;
    e->stacksInOrder = false;
    switchTo(e, &c.stackPointer, takeReady(e));
}

void fail(int code, const char* format, ...) {
    Engine* e = running;
    char detail[768];
    va_list values;
    va_start(values, format);
    vsnprintf(detail, sizeof detail, format, values);
    va_end(values);
    Index t = softcuda_thread_index;
    Index b = e->blockIndex;
    e->failed = true;
    e->fault.code = code;
    snprintf(e->fault.text, sizeof e->fault.text, "kernel %s block (%u,%u,%u) thread (%u,%u,%u): %s", e->kernel->name,
             b.x, b.y, b.z, t.x, t.y, t.z, detail);
    leave(e);
}

void runBlock(Engine* e) {
    e->threads = unsigned(e->block.count());
    e->live = e->threads;
    e->arrived = 0;
    e->synchronised = false;
    e->place = 0;
    e->runnableWarps = 0;
    unsigned count = (e->threads + WARP_SIZE - 1) / WARP_SIZE;
    for (unsigned w = 0; w < count; w++) {
        unsigned left = e->threads - w * WARP_SIZE;
        unsigned lanes = left >= WARP_SIZE ? ~0u : (1u << left) - 1;
        e->warps[w] = {lanes, lanes, 0, 0, 0, 0};
        e->makeReady(w, lanes);
    }
    freeAllStacks(e);
    setPositions(e);
    softcuda_block_index = e->blockIndex;
    softcuda_block_extent = {e->block.x, e->block.y, e->block.z};
    softcuda_grid_extent = {e->grid.x, e->grid.y, e->grid.z};
    running = e;
    switchTo(e, &e->main, takeReady(e));
    running = nullptr;
    if (!e->failed && e->live != 0) {
        reportDeadlock(e);
    }
}

}

using namespace softcuda;

extern "C" {

void softcuda_run_threads() {
    Engine* e = running;
    for (;;) {
        do {
            e->kernel->call(e->arguments);
        } while (startNextInWarp(e));
        endThread(e);
        unsigned next = takeReady(e);
        if (next == NONE) {
            leave(e);
        }
        Warp& warp = e->warps[warpOf(next)];
        if (warp.fresh & laneBit(next)) {
            warp.fresh &= ~laneBit(next);
            placeThread(e, next);
            continue;
        }
        e->freeStacks[e->freeStackCount++] = e->stack;
        void* abandoned;
        switchTo(e, &abandoned, next);
    }
}

int softcuda_barrier(int kind, int predicate, int line) {
    Engine* e = running;
    unsigned thread = e->current;
    if (engineSettings.sanitize) {
        sanitizerSettle();
    }
    if (e->arrived == 0) {
        e->barrierKind = kind;
        e->barrierLine = line;
        e->barrierValue = kind == SOFTCUDA_BARRIER_AND;
    } else if (e->barrierKind != kind || e->barrierLine != line) {
        fail(ERROR_LAUNCH_FAILED, "__syncthreads at line %d, while other threads of the block wait at that of line %d",
             line, e->barrierLine);
    }
    if (kind == SOFTCUDA_BARRIER_AND) {
        e->barrierValue &= predicate;
    } else if (kind == SOFTCUDA_BARRIER_OR) {
        e->barrierValue |= predicate;
    } else {
        e->barrierValue += predicate;
    }
    e->arrived++;
    if (e->arrived == e->live) {
        releaseBarrier(e);
        return e->barrierResult;
    }
    e->warps[warpOf(thread)].atBarrier |= laneBit(thread);
    waitHere(e, thread);
    return e->barrierResult;
}

int softcuda_lane() {
    return int(running->current % WARP_SIZE);
}

void softcuda_fence() {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (engineSettings.sanitize) {
        sanitizerFence();
    }
}

void* softcuda_dynamic_shared() {
    return running == nullptr ? nullptr : running->dynamicBegin();
}

void softcuda_assert_failed(const char* condition, const char* file, unsigned line) {
    fail(ERROR_ASSERT, "assertion `%s' failed at %s:%u", condition, file, line);
}

void softcuda_trap() {
    fail(ERROR_LAUNCH_FAILED, "__trap()");
}

}
