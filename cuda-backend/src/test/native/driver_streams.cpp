// Streams, which run their work when it is queued or (lazily) when somebody waits for it, and events.
#include "driver.h"

#include <cmath>
#include <ctime>

namespace softcuda {

namespace {

struct Event {
    unsigned flags;
    std::shared_ptr<Stream> stream;     // null until recorded
    uint64_t count = 0;                 // the stream's operations that must be done
    std::shared_ptr<double> time;       // in milliseconds, NaN until done
    std::shared_ptr<Capture> capture;   // set when last recorded in a capture
    std::vector<Node*> captured;

    bool timed() const {
        return (flags & 2) == 0;
    }
};

auto& events = *new std::set<Event*>;

double milliseconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return double(now.tv_sec) * 1e3 + double(now.tv_nsec) * 1e-6;
}

void push(Stream& stream, Work work, std::shared_ptr<Stream> after = nullptr, uint64_t afterCount = 0) {
    stream.queue.push_back({std::move(work), std::move(after), afterCount});
    stream.queued++;
}

/** A blocking stream waits for the legacy stream's earlier work, the legacy stream for that of all blocking ones. */
void orderWithLegacy(const std::shared_ptr<Stream>& stream) {
    Context& context = *stream->context;
    if (stream == context.legacy) {
        for (const std::shared_ptr<Stream>& other : context.streams) {
            if (other->blocking() && other->done < other->queued) {
                push(*stream, nullptr, other, other->queued);
            }
        }
    } else if (stream->blocking() && context.legacy->done < context.legacy->queued) {
        push(*stream, nullptr, context.legacy, context.legacy->queued);
    }
}

void runIfEager(Stream& stream) {
    if (settings().lazy == 0) {
        drain(stream, stream.queued);
    }
}

int create(Context& context, void** handle, unsigned flags, int priority) {
    static uint64_t ids = 0;
    auto stream = std::make_shared<Stream>();
    stream->context = &context;
    stream->flags = flags;
    stream->priority = priority < -5 ? -5 : priority > 0 ? 0 : priority;
    stream->id = ++ids;
    context.streams.insert(stream);
    tally(STREAMS, 1);
    *handle = stream.get();
    return SUCCESS;
}

/** Runs the body with the handle's stream. */
template <class Body>
int withStream(void* handle, Body body, const char* function = __builtin_FUNCTION()) {
    return inContext([&](Context& context) -> int {
        std::shared_ptr<Stream> stream = streamOf(context, handle);
        return stream == nullptr ? int(INVALID_HANDLE) : int(body(context, stream));
    }, function);
}

template <class Body>
int withEvent(Event* event, Body body, const char* function = __builtin_FUNCTION()) {
    return inContext([&](Context& context) -> int {
        return events.count(event) == 0 ? int(INVALID_HANDLE) : int(body(context));
    }, function);
}

int invalidate(Stream& stream) {
    stream.capture->invalidated = true;
    return CAPTURE_UNSUPPORTED;
}

/** Makes a stream's later captured nodes follow those of a captured event; the stream joins the event's capture. */
int joinCapture(Stream& stream, const Event& event) {
    if (event.capture->ended) {
        return CAPTURED_EVENT;
    }
    if (stream.capture == nullptr) {
        stream.capture = event.capture;
        stream.captureTail.clear();
    } else if (stream.capture != event.capture) {
        return CAPTURE_MERGE;
    }
    stream.captureTail.insert(stream.captureTail.end(), event.captured.begin(), event.captured.end());
    return SUCCESS;
}

}

std::shared_ptr<Stream> streamOf(Context& context, void* handle) {
    constexpr uintptr_t PER_THREAD = 2;         // 0, 1 (legacy) and 2 are built-in handles
    if (reinterpret_cast<uintptr_t>(handle) <= PER_THREAD) {
        return context.legacy;
    }
    for (Context* candidate : contexts()) {
        for (const std::shared_ptr<Stream>& stream : candidate->streams) {
            if (stream.get() == handle) {
                return stream;
            }
        }
    }
    report(INVALID_HANDLE, "%p is not a stream, or it was destroyed", handle);
    return nullptr;
}

int enqueue(const std::shared_ptr<Stream>& stream, NodeKind kind, Work work, std::shared_ptr<Launch> launch) {
    if (stream->capture != nullptr) {
        if (stream->capture->invalidated) {
            return CAPTURE_INVALIDATED;
        }
        Node* node = addNode(*stream->capture->graph, kind, std::move(work), std::move(launch), stream->captureTail);
        stream->captureTail = {node};
        return SUCCESS;
    }
    if (stream == stream->context->legacy) {
        for (const std::shared_ptr<Stream>& other : stream->context->streams) {
            if (other->capture != nullptr && other->blocking()) {
                invalidate(*other);
                return report(CAPTURE_IMPLICIT, "the legacy stream would wait for a blocking stream that captures");
            }
        }
    }
    orderWithLegacy(stream);
    push(*stream, std::move(work));
    runIfEager(*stream);
    return SUCCESS;
}

void drain(Stream& first, uint64_t upTo) {
    std::vector<std::pair<Stream*, uint64_t>> waits = {{&first, upTo}};
    while (!waits.empty()) {
        auto [stream, target] = waits.back();
        if (stream->done >= target || stream->queue.empty()) {
            waits.pop_back();
            continue;
        }
        Operation& front = stream->queue.front();
        if (front.after != nullptr && front.after->done < front.afterCount) {
            waits.emplace_back(front.after.get(), front.afterCount);
            continue;
        }
        Operation operation = std::move(front);
        stream->queue.pop_front();
        if (operation.work && stream->context->sticky == SUCCESS) {
            operation.work();
        }
        stream->done++;
    }
}

int forbiddenInCapture() {
    for (Context* context : contexts()) {
        for (const std::shared_ptr<Stream>& stream : context->streams) {
            if (stream->capture == nullptr || stream->capture->invalidated) {
                continue;
            }
            const Capture& capture = *stream->capture;
            if (capture.mode == 0 || (capture.mode == 1 && capture.thread == std::this_thread::get_id())) {
                invalidate(*stream);
                return report(CAPTURE_UNSUPPORTED, "not permitted while a stream captures");
            }
        }
    }
    return SUCCESS;
}

}

using namespace softcuda;

// ---- streams ----

SOFTCUDA_API int cuStreamCreate(void** stream, unsigned flags) {
    return inContext([&](Context& context) { return create(context, stream, flags, 0); });
}

SOFTCUDA_API int cuStreamCreateWithPriority(void** stream, unsigned flags, int priority) {
    return inContext([&](Context& context) { return create(context, stream, flags, priority); });
}

SOFTCUDA_API int cuStreamDestroy_v2(void* handle) {
    return withStream(handle, [&](Context& context, const std::shared_ptr<Stream>& stream) -> int {
        if (stream == context.legacy) {
            return INVALID_HANDLE;
        }
        drain(*stream, stream->queued);
        stream->context->streams.erase(stream);
        tally(STREAMS, -1);
        return context.sticky;
    });
}

SOFTCUDA_API int cuStreamSynchronize(void* handle) {
    return withStream(handle, [&](Context& context, const std::shared_ptr<Stream>& stream) -> int {
        tally(SYNCHRONISATIONS, 1);
        if (stream->capture != nullptr) {
            return invalidate(*stream);
        }
        orderWithLegacy(stream);
        drain(*stream, stream->queued);
        return context.sticky;
    });
}

SOFTCUDA_API int cuStreamQuery(void* handle) {
    return withStream(handle, [&](Context& context, const std::shared_ptr<Stream>& stream) -> int {
        if (stream->capture != nullptr) {
            return invalidate(*stream);
        }
        bool waiting = stream->done < stream->queued;
        drain(*stream, stream->done + 1);           // whoever polls must see progress
        return context.sticky != SUCCESS ? context.sticky : waiting ? NOT_READY : SUCCESS;
    });
}

SOFTCUDA_API int cuStreamWaitEvent(void* handle, Event* event, unsigned) {
    return withStream(handle, [&](Context&, const std::shared_ptr<Stream>& stream) -> int {
        if (events.count(event) == 0) {
            return INVALID_HANDLE;
        }
        if (event->capture != nullptr) {
            return joinCapture(*stream, *event);
        }
        if (stream->capture != nullptr) {
            stream->capture->invalidated = true;
            return report(CAPTURE_ISOLATION, "a capturing stream cannot wait for an event from outside the capture");
        }
        if (event->stream != nullptr && event->stream->done < event->count) {
            push(*stream, nullptr, event->stream, event->count);
        }
        return SUCCESS;
    });
}

SOFTCUDA_API int cuStreamGetFlags(void* handle, unsigned* flags) {
    return withStream(handle, [&](Context&, const std::shared_ptr<Stream>& stream) {
        *flags = stream->flags;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuStreamGetPriority(void* handle, int* priority) {
    return withStream(handle, [&](Context&, const std::shared_ptr<Stream>& stream) {
        *priority = stream->priority;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuStreamGetId(void* handle, uint64_t* id) {
    return withStream(handle, [&](Context&, const std::shared_ptr<Stream>& stream) {
        *id = stream->id;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuStreamGetCtx(void* handle, Context** owner) {
    return withStream(handle, [&](Context&, const std::shared_ptr<Stream>& stream) {
        *owner = stream->context;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuLaunchHostFunc(void* handle, void (*function)(void*), void* data) {
    return withStream(handle, [&](Context&, const std::shared_ptr<Stream>& stream) {
        return enqueue(stream, HOST, [=] {
            insideHostFunction() = true;
            function(data);
            insideHostFunction() = false;
        });
    });
}

SOFTCUDA_API int cuStreamAddCallback(void* handle, void (*function)(void*, int, void*), void* data, unsigned) {
    return withStream(handle, [&](Context& context, const std::shared_ptr<Stream>& stream) {
        return enqueue(stream, HOST, [=, &context] {
            insideHostFunction() = true;
            function(handle, context.sticky, data);
            insideHostFunction() = false;
        });
    });
}

// ---- events ----

SOFTCUDA_API int cuEventCreate(Event** event, unsigned flags) {
    return inContext([&](Context&) {
        *event = new Event;
        (*event)->flags = flags;
        events.insert(*event);
        tally(EVENTS, 1);
        return SUCCESS;
    });
}

SOFTCUDA_API int cuEventDestroy_v2(Event* event) {
    return withEvent(event, [&](Context&) {
        events.erase(event);
        delete event;
        tally(EVENTS, -1);
        return SUCCESS;
    });
}

SOFTCUDA_API int cuEventRecord(Event* event, void* handle) {
    return withStream(handle, [&](Context&, const std::shared_ptr<Stream>& stream) -> int {
        if (events.count(event) == 0) {
            return INVALID_HANDLE;
        }
        if (stream->capture != nullptr) {
            event->capture = stream->capture;
            event->captured = stream->captureTail;
            return SUCCESS;
        }
        auto time = std::make_shared<double>(NAN);
        orderWithLegacy(stream);
        push(*stream, [time] { *time = milliseconds(); });
        event->capture = nullptr;
        event->stream = stream;
        event->count = stream->queued;
        event->time = time;
        runIfEager(*stream);
        return SUCCESS;
    });
}

SOFTCUDA_API int cuEventRecordWithFlags(Event* event, void* handle, unsigned) {
    return cuEventRecord(event, handle);
}

SOFTCUDA_API int cuEventQuery(Event* event) {
    return withEvent(event, [&](Context& context) -> int {
        if (event->capture != nullptr) {
            return CAPTURED_EVENT;
        }
        if (event->stream == nullptr || event->stream->done >= event->count) {
            return SUCCESS;
        }
        drain(*event->stream, event->stream->done + 1);
        return context.sticky != SUCCESS ? context.sticky : NOT_READY;
    });
}

SOFTCUDA_API int cuEventSynchronize(Event* event) {
    return withEvent(event, [&](Context& context) -> int {
        tally(SYNCHRONISATIONS, 1);
        if (event->capture != nullptr) {
            return CAPTURED_EVENT;
        }
        if (event->stream != nullptr) {
            drain(*event->stream, event->count);
        }
        return context.sticky;
    });
}

SOFTCUDA_API int cuEventElapsedTime(float* elapsed, Event* start, Event* end) {
    return withEvent(start, [&](Context&) -> int {
        if (events.count(end) == 0 || !start->timed() || !end->timed() || !start->time || !end->time) {
            return INVALID_HANDLE;
        }
        if (std::isnan(*start->time) || std::isnan(*end->time)) {
            return NOT_READY;
        }
        *elapsed = float(*end->time - *start->time);
        return SUCCESS;
    });
}
