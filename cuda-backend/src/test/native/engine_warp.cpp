// Warp operations: lanes wait until every live lane of the mask has come, then exchange values.
#include "engine_internal.h"

#include <cstdio>

namespace softcuda {

namespace {

const char* operationName(int operation) {
    static const char* const names[] = {"__syncwarp", "__shfl_sync", "__shfl_up_sync", "__shfl_down_sync",
                                        "__shfl_xor_sync", "__ballot_sync", "__match_any_sync", "__reduce_add_sync",
                                        "__reduce_min_sync", "__reduce_max_sync", "__reduce_min_sync",
                                        "__reduce_max_sync", "__reduce_and_sync", "__reduce_or_sync",
                                        "__reduce_xor_sync"};
    return names[operation];
}

int sourceLane(const Coroutine& c, int lane) {
    int segment = lane & ~(c.width - 1);
    int source;
    switch (c.operation) {
        case SOFTCUDA_SHUFFLE:
            return segment | (c.argument & (c.width - 1));
        case SOFTCUDA_SHUFFLE_UP:
            source = lane - c.argument;
            return source < segment ? lane : source;
        case SOFTCUDA_SHUFFLE_DOWN:
            source = lane + c.argument;
            return source >= segment + c.width ? lane : source;
        default:
            source = lane ^ c.argument;
            return source >= segment + c.width ? lane : source;
    }
}

uint32_t combine(int operation, uint32_t a, uint32_t b) {
    switch (operation) {
        case SOFTCUDA_REDUCE_ADD:
            return a + b;
        case SOFTCUDA_REDUCE_MIN:
            return int32_t(a) < int32_t(b) ? a : b;
        case SOFTCUDA_REDUCE_MAX:
            return int32_t(a) > int32_t(b) ? a : b;
        case SOFTCUDA_REDUCE_MIN_UNSIGNED:
            return a < b ? a : b;
        case SOFTCUDA_REDUCE_MAX_UNSIGNED:
            return a > b ? a : b;
        case SOFTCUDA_REDUCE_AND:
            return a & b;
        case SOFTCUDA_REDUCE_OR:
            return a | b;
        default:
            return a ^ b;
    }
}

/** Replaces the value of every lane of the group by the operation's result. */
void exchange(Coroutine* lanes, int operation, unsigned group) {
    uint64_t given[WARP_SIZE];
    unsigned ballot = 0;
    uint32_t reduced = 0;
    bool first = true;
    for (unsigned rest = group; rest != 0; rest &= rest - 1) {
        unsigned lane = __builtin_ctz(rest);
        given[lane] = lanes[lane].value;
        ballot |= unsigned(given[lane] != 0) << lane;
        reduced = first ? uint32_t(given[lane]) : combine(operation, reduced, uint32_t(given[lane]));
        first = false;
    }
    for (unsigned rest = group; rest != 0; rest &= rest - 1) {
        unsigned lane = __builtin_ctz(rest);
        Coroutine& c = lanes[lane];
        if (operation >= SOFTCUDA_REDUCE_ADD) {
            c.value = reduced;
        } else if (operation == SOFTCUDA_BALLOT) {
            c.value = ballot;
        } else if (operation == SOFTCUDA_MATCH_ANY) {
            unsigned equal = 0;
            for (unsigned other = group; other != 0; other &= other - 1) {
                equal |= unsigned(given[__builtin_ctz(other)] == given[lane]) << __builtin_ctz(other);
            }
            c.value = equal;
        } else if (operation != SOFTCUDA_SYNC) {
            // A lane that takes no part has no value: what hardware gives is undefined.
            int source = sourceLane(c, int(lane));
            c.value = group >> source & 1u ? given[source] : ~uint64_t(0);
        }
    }
}

/** Every live lane of the mask waits: checks that they agree, exchanges the values and wakes all but `self`. */
void completeWarp(Engine* e, unsigned w, unsigned group, unsigned self) {
    Warp& warp = e->warps[w];
    Coroutine* lanes = &e->coroutines[w * WARP_SIZE];
    unsigned leader = __builtin_ctz(group);
    int operation = lanes[leader].operation;
    for (unsigned rest = group; rest != 0; rest &= rest - 1) {
        unsigned lane = __builtin_ctz(rest);
        if (lanes[lane].operation != operation || lanes[lane].mask != lanes[leader].mask) {
            fail(ERROR_LAUNCH_FAILED,
                 "lanes of warp %u do not agree: lane %u is in %s, mask %08x, line %d; lane %u is in %s, mask %08x, "
                 "line %d", w, leader, operationName(operation), lanes[leader].mask, lanes[leader].line, lane,
                 operationName(lanes[lane].operation), lanes[lane].mask, lanes[lane].line);
        }
    }
    exchange(lanes, operation, group);
    if (operation == SOFTCUDA_SYNC) {
        warp.epoch++;
    }
    warp.waiting &= ~group;
    e->makeReady(w, group & ~self);
}

}

void completeWaiting(Engine* e, unsigned w) {
    Warp& warp = e->warps[w];
    unsigned pending = warp.waiting;
    while (pending != 0) {
        unsigned group = e->coroutines[w * WARP_SIZE + __builtin_ctz(pending)].mask & warp.live;
        if ((warp.waiting & group) == group) {
            completeWarp(e, w, group, 0);
        }
        pending &= ~group;
    }
}

unsigned describeWaiting(const Engine* e, char* text, size_t size) {
    unsigned waiters = 0;
    for (unsigned thread = 0; thread < e->threads; thread++) {
        if ((e->warps[warpOf(thread)].waiting & laneBit(thread)) == 0) {
            continue;
        }
        if (waiters == 0) {
            const Coroutine& c = e->coroutines[thread];
            Index at = e->positions[thread];
            snprintf(text, size, ", first (%u,%u,%u) in %s, mask %08x, line %d", at.x, at.y, at.z,
                     operationName(c.operation), c.mask, c.line);
        }
        waiters++;
    }
    return waiters;
}

}

using namespace softcuda;

extern "C" unsigned long long softcuda_warp(int operation, unsigned mask, unsigned long long value, int argument,
                                            int width, int line) {
    Engine* e = running;
    unsigned thread = e->current;
    if (engineSettings.sanitize) {
        sanitizerSettle();
    }
    Warp& warp = e->warps[warpOf(thread)];
    unsigned self = laneBit(thread);
    if ((mask & self) == 0) {
        fail(ERROR_LAUNCH_FAILED, "%s at line %d: lane %u is not in its own mask %08x", operationName(operation), line,
             thread % WARP_SIZE, mask);
    }
    Coroutine& c = e->coroutines[thread];
    c.value = value;
    c.mask = mask;
    c.operation = uint8_t(operation);
    c.width = uint8_t(width);
    c.argument = argument;
    c.line = line;
    warp.waiting |= self;
    unsigned group = mask & warp.live;
    if ((warp.waiting & group) == group) {
        completeWarp(e, warpOf(thread), group, self);
        return c.value;
    }
    waitHere(e, thread);
    return c.value;
}
