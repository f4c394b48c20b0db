// Copies and fills. A copy from or to pageable memory has taken its bytes when the call returns, as on hardware.
#include "driver.h"

#include <algorithm>
#include <cstring>

namespace softcuda {

namespace {

enum Direction { TO_DEVICE, TO_HOST, ON_DEVICE };

template <class T>
T* at(DevicePointer address) {
    return reinterpret_cast<T*>(address);
}

bool pageLocked(DevicePointer address, size_t bytes) {
    const Allocation* allocation = findAllocation(address, bytes);
    return allocation != nullptr
            && (allocation->kind == Allocation::HOST || allocation->kind == Allocation::REGISTERED);
}

/** Checks host memory: a device pointer in its place would work on no real machine's CPU. */
bool hostRange(DevicePointer address, size_t bytes, const char* role) {
    const Allocation* allocation = findAllocation(address, std::max<size_t>(bytes, 1));
    if (bytes != 0 && (address == 0 || (allocation != nullptr && allocation->kind == Allocation::DEVICE))) {
        report(INVALID_VALUE, "%s: %p is not host memory", role, at<void>(address));
        return false;
    }
    return true;
}

int check(Direction direction, DevicePointer target, DevicePointer source, size_t bytes) {
    bool good = (direction == TO_HOST ? hostRange(target, bytes, "target")
                                      : requireDeviceRange(target, bytes, "target") != nullptr)
            && (direction == TO_DEVICE ? hostRange(source, bytes, "source")
                                       : requireDeviceRange(source, bytes, "source") != nullptr);
    if (!good) {
        return INVALID_VALUE;
    }
    tally(COPIES, 1);
    return faultDue(COPY) ? LAUNCH_FAILED : SUCCESS;
}

/** The stream reaches a copy whose memory may be gone (or not there yet) by then. */
bool present(Context& context, DevicePointer address, size_t bytes) {
    const Allocation* allocation = findAllocation(address, bytes);
    if (allocation != nullptr && allocation->ready) {
        return true;
    }
    char where[256];
    softcuda_describe(at<void>(address), where, sizeof where);
    fail(context, ILLEGAL_ADDRESS, (std::string("a copy or fill reached ") + where).c_str());
    return false;
}

/** Work that copies; device ranges are looked up again when it runs. */
Work copyWork(Context& context, Direction direction, DevicePointer target, DevicePointer source, size_t bytes) {
    return [=, &context] {
        if (bytes != 0 && (direction == TO_HOST || present(context, target, bytes))
                && (direction == TO_DEVICE || present(context, source, bytes))) {
            memmove(at<void>(target), at<void>(source), bytes);
        }
    };
}

/** Copies before the call returns, after what the legacy stream has to do first. */
int copyNow(Direction direction, DevicePointer target, DevicePointer source, size_t bytes, const char* function) {
    return inContext([&](Context& context) -> int {
        if (bytes == 0) {
            return SUCCESS;
        }
        if (int error = check(direction, target, source, bytes)) {
            return error;
        }
        if (settings().null) {
            return SUCCESS;
        }
        if (int error = forbiddenInCapture()) {
            return error;
        }
        if (int error = enqueue(context.legacy, MEMCPY, copyWork(context, direction, target, source, bytes))) {
            return error;
        }
        if (direction != ON_DEVICE) {           // between device ranges the call is asynchronous
            drain(*context.legacy, context.legacy->queued);
        }
        return context.sticky;
    }, function);
}

int copyInStream(Direction direction, DevicePointer target, DevicePointer source, size_t bytes, void* handle,
                 const char* function) {
    return inContext([&](Context& context) -> int {
        std::shared_ptr<Stream> stream = streamOf(context, handle);
        if (stream == nullptr) {
            return INVALID_HANDLE;
        }
        if (int error = bytes == 0 ? int(SUCCESS) : check(direction, target, source, bytes)) {
            return error;
        }
        if (settings().null || bytes == 0) {
            return SUCCESS;
        }
        bool captured = stream->capture != nullptr;
        if (direction == TO_DEVICE && !captured && !pageLocked(source, bytes)) {
            auto staged = std::make_shared<std::string>(at<char>(source), bytes);
            return enqueue(stream, MEMCPY, [=, &context] {
                if (present(context, target, bytes)) {
                    memcpy(at<void>(target), staged->data(), bytes);
                }
            });
        }
        int error = enqueue(stream, MEMCPY, copyWork(context, direction, target, source, bytes));
        if (error == SUCCESS && direction == TO_HOST && !captured && !pageLocked(target, bytes)) {
            drain(*stream, stream->queued);
            error = context.sticky;
        }
        return error;
    }, function);
}

/** Fills rows of equal values; pitch counts bytes, width elements. */
template <class T>
int fill(DevicePointer target, size_t pitch, T value, size_t width, size_t height, void* handle,
         const char* function = __builtin_FUNCTION()) {
    return inContext([&](Context& context) -> int {
        std::shared_ptr<Stream> stream = streamOf(context, handle);
        if (stream == nullptr) {
            return INVALID_HANDLE;
        }
        size_t bytes = width == 0 || height == 0 ? 0 : (height - 1) * pitch + width * sizeof(T);
        if (target % sizeof(T) != 0 || requireDeviceRange(target, bytes, "target") == nullptr) {
            return INVALID_VALUE;
        }
        if (settings().null || bytes == 0) {
            return SUCCESS;
        }
        return enqueue(stream, MEMSET, [=, &context] {
            for (size_t row = 0; row < height && present(context, target, bytes); row++) {
                std::fill_n(at<T>(target + row * pitch), width, value);
            }
        });
    }, function);
}

Direction directionOf(DevicePointer target, DevicePointer source) {
    auto onDevice = [](DevicePointer address) { return findAllocation(address, 1) != nullptr; };
    return !onDevice(target) ? TO_HOST : !onDevice(source) ? TO_DEVICE : ON_DEVICE;
}

struct Copy2d {
    struct Side {
        size_t x;
        size_t y;
        int memory;             // 1 host, 2 device, 4 either
        void* host;
        DevicePointer device;
        void* array;
        size_t pitch;

        DevicePointer row(size_t i) const {
            return (memory == 1 ? reinterpret_cast<DevicePointer>(host) : device) + (y + i) * pitch + x;
        }
    };
    Side source;
    Side target;
    size_t width;
    size_t height;
};

/** Copies row by row, in the stream or at once. */
int copyRows(const Copy2d& copy, bool inStream, void* stream, const char* function) {
    constexpr int ARRAY = 3;
    if (copy.source.memory == ARRAY || copy.target.memory == ARRAY) {
        return report(NOT_SUPPORTED, "the software device has no arrays");
    }
    int error = SUCCESS;
    for (size_t row = 0; row < copy.height && error == SUCCESS; row++) {
        DevicePointer target = copy.target.row(row);
        DevicePointer source = copy.source.row(row);
        Direction direction = directionOf(target, source);
        error = inStream ? copyInStream(direction, target, source, copy.width, stream, function)
                         : copyNow(direction, target, source, copy.width, function);
    }
    return error;
}

DevicePointer address(const void* host) {
    return reinterpret_cast<DevicePointer>(host);
}

}

}

using namespace softcuda;

SOFTCUDA_API int cuMemcpyHtoD_v2(DevicePointer target, const void* source, size_t bytes) {
    return copyNow(TO_DEVICE, target, address(source), bytes, __func__);
}

SOFTCUDA_API int cuMemcpyDtoH_v2(void* target, DevicePointer source, size_t bytes) {
    return copyNow(TO_HOST, address(target), source, bytes, __func__);
}

SOFTCUDA_API int cuMemcpyDtoD_v2(DevicePointer target, DevicePointer source, size_t bytes) {
    return copyNow(ON_DEVICE, target, source, bytes, __func__);
}

SOFTCUDA_API int cuMemcpy(DevicePointer target, DevicePointer source, size_t bytes) {
    return copyNow(directionOf(target, source), target, source, bytes, __func__);
}

SOFTCUDA_API int cuMemcpyPeer(DevicePointer target, Context*, DevicePointer source, Context*, size_t bytes) {
    return copyNow(ON_DEVICE, target, source, bytes, __func__);
}

SOFTCUDA_API int cuMemcpyHtoDAsync_v2(DevicePointer target, const void* source, size_t bytes, void* stream) {
    return copyInStream(TO_DEVICE, target, address(source), bytes, stream, __func__);
}

SOFTCUDA_API int cuMemcpyDtoHAsync_v2(void* target, DevicePointer source, size_t bytes, void* stream) {
    return copyInStream(TO_HOST, address(target), source, bytes, stream, __func__);
}

SOFTCUDA_API int cuMemcpyDtoDAsync_v2(DevicePointer target, DevicePointer source, size_t bytes, void* stream) {
    return copyInStream(ON_DEVICE, target, source, bytes, stream, __func__);
}

SOFTCUDA_API int cuMemcpyAsync(DevicePointer target, DevicePointer source, size_t bytes, void* stream) {
    return copyInStream(directionOf(target, source), target, source, bytes, stream, __func__);
}

SOFTCUDA_API int cuMemcpyPeerAsync(DevicePointer target, Context*, DevicePointer source, Context*, size_t bytes,
                                   void* stream) {
    return copyInStream(ON_DEVICE, target, source, bytes, stream, __func__);
}

SOFTCUDA_API int cuMemcpy2D_v2(const Copy2d* copy) {
    return copyRows(*copy, false, nullptr, __func__);
}

SOFTCUDA_API int cuMemcpy2DUnaligned_v2(const Copy2d* copy) {
    return copyRows(*copy, false, nullptr, __func__);
}

SOFTCUDA_API int cuMemcpy2DAsync_v2(const Copy2d* copy, void* stream) {
    return copyRows(*copy, true, stream, __func__);
}

SOFTCUDA_API int cuMemPrefetchAsync(DevicePointer target, size_t bytes, int, void*) {
    return inContext([&](Context&) {
        return requireDeviceRange(target, bytes, "target") == nullptr ? INVALID_VALUE : SUCCESS;
    });
}

#define SOFTCUDA_FILL(bits, type)                                                                                     \
    SOFTCUDA_API int cuMemsetD##bits##_v2(DevicePointer target, type value, size_t count) {                           \
        return fill<type>(target, 0, value, count, 1, nullptr);                                                       \
    }                                                                                                                 \
    SOFTCUDA_API int cuMemsetD##bits##Async(DevicePointer target, type value, size_t count, void* stream) {           \
        return fill<type>(target, 0, value, count, 1, stream);                                                        \
    }                                                                                                                 \
    SOFTCUDA_API int cuMemsetD2D##bits##_v2(DevicePointer target, size_t pitch, type value, size_t width,             \
                                            size_t height) {                                                          \
        return fill<type>(target, pitch, value, width, height, nullptr);                                              \
    }                                                                                                                 \
    SOFTCUDA_API int cuMemsetD2D##bits##Async(DevicePointer target, size_t pitch, type value, size_t width,           \
                                              size_t height, void* stream) {                                          \
        return fill<type>(target, pitch, value, width, height, stream);                                               \
    }

SOFTCUDA_FILL(8, unsigned char)
SOFTCUDA_FILL(16, unsigned short)
SOFTCUDA_FILL(32, unsigned)
