// What a program asks of its current context, peers among devices, and the names of errors.
#include "driver.h"

#include <algorithm>

namespace softcuda {

namespace {

struct ErrorText {
    int code;
    const char* name;
    const char* text;
};

constexpr ErrorText ERRORS[] = {
    {SUCCESS, "CUDA_SUCCESS", "no error"},
    {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {UNSUPPORTED_LIMIT, "CUDA_ERROR_UNSUPPORTED_LIMIT", "limit is not supported on this architecture"},
    {PEER_ACCESS_UNSUPPORTED, "CUDA_ERROR_PEER_ACCESS_UNSUPPORTED", "peer access is not supported"},
    {FILE_NOT_FOUND, "CUDA_ERROR_FILE_NOT_FOUND", "file not found"},
    {INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {ERROR_LAUNCH_TIMEOUT, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {PEER_ACCESS_ALREADY_ENABLED, "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED", "peer access is already enabled"},
    {PEER_ACCESS_NOT_ENABLED, "CUDA_ERROR_PEER_ACCESS_NOT_ENABLED", "peer access has not been enabled"},
    {CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {ERROR_ASSERT, "CUDA_ERROR_ASSERT", "device-side assert triggered"},
    {HOST_MEMORY_ALREADY_REGISTERED, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED",
     "part or all of the requested memory range is already mapped"},
    {HOST_MEMORY_NOT_REGISTERED, "CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED",
     "pointer does not correspond to a registered memory region"},
    {ERROR_MISALIGNED_ADDRESS, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {NOT_PERMITTED, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "failed due to an earlier error in capture"},
    {CAPTURE_MERGE, "CUDA_ERROR_STREAM_CAPTURE_MERGE", "operation would merge two captures"},
    {CAPTURE_UNMATCHED, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not ended in the stream it was begun in"},
    {CAPTURE_UNJOINED, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {CAPTURE_ISOLATION, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency on uncaptured work in another stream"},
    {CAPTURE_IMPLICIT, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT", "operation would depend on a capturing stream"},
    {CAPTURED_EVENT, "CUDA_ERROR_CAPTURED_EVENT", "operation not permitted on an event last recorded in a capture"},
    {CAPTURE_WRONG_THREAD, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD", "capture must be ended by its own thread"},
};

const ErrorText* find(int code) {
    for (const ErrorText& error : ERRORS) {
        if (error.code == code) {
            return &error;
        }
    }
    return nullptr;
}

constexpr int LOWEST_PRIORITY = 0;
constexpr int HIGHEST_PRIORITY = -5;

}

int synchronize(Context& context) {
    std::vector<std::shared_ptr<Stream>> order(context.streams.begin(), context.streams.end());
    bool newestFirst = settings().lazy == 1;
    std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
        return newestFirst ? a->id > b->id : a->id < b->id;
    });
    order.push_back(context.legacy);
    for (const std::shared_ptr<Stream>& stream : order) {
        drain(*stream, stream->queued);
    }
    return context.sticky;
}

}

using namespace softcuda;

/** The error's text, followed by what the software device knows about the latest one. */
SOFTCUDA_API int cuGetErrorString(int code, const char** text) {
    static std::set<std::string>* kept = new std::set<std::string>;
    std::lock_guard<std::recursive_mutex> guard(lock());
    const ErrorText* error = find(code);
    if (error == nullptr) {
        *text = nullptr;
        return INVALID_VALUE;
    }
    std::string detail = detailOf(code);
    *text = detail.empty() ? error->text : kept->insert(error->text + (" (" + detail + ")")).first->c_str();
    return SUCCESS;
}

SOFTCUDA_API int cuGetErrorName(int code, const char** name) {
    const ErrorText* error = find(code);
    *name = error == nullptr ? nullptr : error->name;
    return error == nullptr ? INVALID_VALUE : SUCCESS;
}

SOFTCUDA_API int cuCtxGetDevice(int* ordinal) {
    return inContext([&](Context& context) {
        *ordinal = context.device;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuCtxSynchronize() {
    return inContext([&](Context& context) {
        tally(SYNCHRONISATIONS, 1);
        int error = forbiddenInCapture();
        return error ? error : synchronize(context);
    });
}

SOFTCUDA_API int cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    return inContext([&](Context&) {
        if (least != nullptr) {
            *least = LOWEST_PRIORITY;
        }
        if (greatest != nullptr) {
            *greatest = HIGHEST_PRIORITY;
        }
        return SUCCESS;
    });
}

SOFTCUDA_API int cuCtxGetFlags(unsigned* flags) {
    return inContext([&](Context& context) {
        *flags = context.flags;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuCtxGetId(Context* context, uint64_t* id) {
    return inContext([&](Context& current) {
        *id = reinterpret_cast<uint64_t>(context == nullptr ? &current : context);
        return SUCCESS;
    });
}

SOFTCUDA_API int cuCtxGetApiVersion(Context*, unsigned* version) {
    return inContext([&](Context&) {
        *version = 3020;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuCtxGetLimit(size_t* value, int) {
    return inContext([&](Context&) {
        *value = 0;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuCtxSetLimit(int, size_t) {
    return inContext([](Context&) { return SUCCESS; });
}

SOFTCUDA_API int cuCtxSetCacheConfig(int) {
    return inContext([](Context&) { return SUCCESS; });
}

// ---- peers ----

SOFTCUDA_API int cuDeviceCanAccessPeer(int* possible, int one, int other) {
    return afterInit([&] {
        int devices = settings().devices;
        if (one < 0 || other < 0 || one >= devices || other >= devices) {
            return INVALID_DEVICE;
        }
        *possible = one != other;
        return SUCCESS;
    });
}

SOFTCUDA_API int cuDeviceGetP2PAttribute(int* value, int attribute, int one, int other) {
    return afterInit([&] {
        constexpr int ACCESS_SUPPORTED = 2;
        *value = attribute == ACCESS_SUPPORTED;
        return one == other ? INVALID_DEVICE : SUCCESS;
    });
}

SOFTCUDA_API int cuCtxEnablePeerAccess(Context* peer, unsigned) {
    return inContext([&](Context& context) {
        if (contexts().count(peer) == 0 || peer->device == context.device) {
            return INVALID_CONTEXT;
        }
        return context.peers.insert(peer).second ? SUCCESS : PEER_ACCESS_ALREADY_ENABLED;
    });
}

SOFTCUDA_API int cuCtxDisablePeerAccess(Context* peer) {
    return inContext([&](Context& context) { return context.peers.erase(peer) ? SUCCESS : PEER_ACCESS_NOT_ENABLED; });
}
