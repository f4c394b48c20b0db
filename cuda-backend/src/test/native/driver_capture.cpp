// Stream capture: work that is queued becomes nodes of a graph instead.
#include "driver.h"

#include <utility>

namespace softcuda {

namespace {

/** Ends a capture in its origin; every stream that joined it must have been joined back. */
int endCapture(Stream& origin, Graph** graph) {
    std::shared_ptr<Capture> capture = origin.capture;
    std::set<Node*> joined = ancestors(origin.captureTail);
    bool unjoined = false;
    for (const std::shared_ptr<Stream>& stream : origin.context->streams) {
        if (stream->capture == capture) {
            for (Node* node : stream->captureTail) {
                unjoined |= joined.count(node) == 0;
            }
            stream->capture = nullptr;
            stream->captureTail.clear();
        }
    }
    capture->ended = true;
    if (capture->invalidated || unjoined) {
        deleteGraph(capture->graph);
        *graph = nullptr;
        return capture->invalidated ? int(CAPTURE_INVALIDATED)
                : report(CAPTURE_UNJOINED, "a stream that joined the capture was not joined back by an event");
    }
    *graph = capture->graph;
    return SUCCESS;
}

}

}

using namespace softcuda;

SOFTCUDA_API int cuStreamBeginCapture_v2(void* handle, int mode) {
    return inContext([&](Context& context) -> int {
        std::shared_ptr<Stream> stream = streamOf(context, handle);
        if (stream == nullptr || stream == context.legacy) {
            return stream == nullptr ? INVALID_HANDLE : CAPTURE_UNSUPPORTED;
        }
        if (stream->capture != nullptr) {
            return INVALID_VALUE;
        }
        stream->capture = std::make_shared<Capture>();
        stream->capture->graph = newGraph();
        stream->capture->origin = stream.get();
        stream->capture->mode = mode;
        stream->capture->thread = std::this_thread::get_id();
        stream->captureTail.clear();
        return SUCCESS;
    });
}

SOFTCUDA_API int cuStreamEndCapture(void* handle, Graph** graph) {
    return inContext([&](Context& context) -> int {
        std::shared_ptr<Stream> stream = streamOf(context, handle);
        if (stream == nullptr || stream->capture == nullptr) {
            return stream == nullptr ? INVALID_HANDLE : INVALID_VALUE;
        }
        constexpr int RELAXED = 2;
        if (stream->capture->mode != RELAXED && stream->capture->thread != std::this_thread::get_id()) {
            return CAPTURE_WRONG_THREAD;
        }
        return stream->capture->origin != stream.get() ? CAPTURE_UNMATCHED : endCapture(*stream, graph);
    });
}

SOFTCUDA_API int cuStreamIsCapturing(void* handle, int* status) {
    return inContext([&](Context& context) -> int {
        std::shared_ptr<Stream> stream = streamOf(context, handle);
        if (stream == nullptr) {
            return INVALID_HANDLE;
        }
        *status = stream->capture == nullptr ? 0 : stream->capture->invalidated ? 2 : 1;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuThreadExchangeStreamCaptureMode(int* mode) {
    static int last = 0;
    return inContext([&](Context&) {
        std::swap(*mode, last);
        return SUCCESS;
    });
}
