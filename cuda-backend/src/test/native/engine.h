// The engine executes kernels; the driver owns memory, streams and modules. This header is all that either sees of the
// other.
#pragma once

#include "device/softcuda_abi.h"

#include <cstddef>
#include <cstdint>

namespace softcuda {

struct Extent {
    unsigned x = 1;
    unsigned y = 1;
    unsigned z = 1;

    uint64_t count() const {
        return uint64_t(x) * y * z;
    }
};

/** A fault as the driver reports it: a CUDA error code (0: none) and one line of text. */
struct Fault {
    int code = 0;
    char text[1024] = "";
};

enum ErrorCode {
    ERROR_ILLEGAL_ADDRESS = 700,
    ERROR_LAUNCH_TIMEOUT = 702, // threads wait for each other: hardware would hang
    ERROR_ASSERT = 710,
    ERROR_MISALIGNED_ADDRESS = 716,
    ERROR_LAUNCH_FAILED = 719
};

constexpr unsigned MAX_THREADS = 1024;                  // of a block
constexpr size_t MAX_DYNAMIC_SHARED = 227 * 1024;       // of a block that opted in
constexpr size_t DEFAULT_DYNAMIC_SHARED = 48 * 1024;    // of a block that did not

/**
 * Text images (PTX) are this prefix, the path of a shared object and a line feed; cubin images are the bytes of the
 * shared object itself, whose length is e_shoff + e_shnum * e_shentsize of its ELF header.
 */
constexpr char TEXT_IMAGE_PREFIX[] = "//SOFTCUDA ";

/** What the engine knows about a loaded shared object of kernels. */
struct Module {
    const SoftcudaKernel* kernels;      // linked by `next`, under their symbols (mangled unless extern "C")
    SoftcudaAnchor* (*anchor)();
    ptrdiff_t sharedOffset;             // of the thread-local block's start from the anchor
    size_t sharedSize;                  // of the thread-local block
    const char* path;                   // of the file it was compiled to, which may be gone
    uintptr_t begin;                    // of the loaded segments: code, constants, __device__ variables
    uintptr_t end;
};

// ---- the engine's half, called by the driver ----

/** Chains the engine's signal handlers before those installed now. Idempotent; called from cuInit. */
void installSignalHandlers();

/**
 * Reads a module that dlopen has just loaded. False when the shared object holds no kernels, or was compiled by another
 * build of the software device or with SOFTCUDA_SANITIZE set otherwise: the program has to compile it again.
 */
bool readModule(void* handle, Module* module);

/**
 * Runs every block of a launch and returns when all have ended, or at the first fault. `arguments` points to one
 * pointer per parameter. Safe to call from several threads at once. Returns fault->code.
 */
int run(const Module& module, const SoftcudaKernel& kernel, Extent grid, Extent block, size_t sharedBytes,
        void* const* arguments, Fault* fault);

/** True on a thread that is inside a kernel at this moment. */
bool insideKernel();

}

extern "C" {
/** The folder of libcuda.so.1; libnvrtc.so.12 and the kernels' headers (device/) lie beside it. */
const char* softcuda_folder();

/** A hash of what compiles kernels: libnvrtc.so.12, the headers and SOFTCUDA_SANITIZE. Every module carries it. */
const char* softcuda_stamp();
}

// ---- the driver's half, called by the engine; softcuda_describe from signal handlers too, on the thread that called
// run(), so it must not wait for a lock that this thread may hold ----

extern "C" {
/** Whether all of [address, address + size) is live device memory or page-locked memory. Sanitised runs only. */
bool softcuda_valid(const void* address, size_t size);

/** Changes whenever an allocation is made or freed, so that the engine may remember an answer of softcuda_range. */
uint64_t softcuda_memory_version();

/** The live allocation that holds the address: its begin and end; false when there is none. */
bool softcuda_range(const void* address, const void** begin, const void** end);

/** Says in words where an address lies: "byte 400 of a freed allocation of 400 bytes at 0x...". */
void softcuda_describe(const void* address, char* text, size_t size);
}

// Thread-local variables of libcuda.so.1 live in the small reserve of static TLS (kernels read them by a fixed offset):
// keep each to a pointer or an integer, and few.
