// State of the software driver, shared by the driver_*.cpp files. One lock guards all of it, also while work runs: what
// the engine asks about memory from its signal handlers is therefore stable and needs no lock of its own. Tables are
// never destroyed: threads may still call the driver while the process exits.
#pragma once

#include "engine.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#define SOFTCUDA_API extern "C" __attribute__((visibility("default")))

namespace softcuda {

enum Result {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    UNSUPPORTED_LIMIT = 215,
    PEER_ACCESS_UNSUPPORTED = 217,
    FILE_NOT_FOUND = 301,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    NOT_READY = 600,
    ILLEGAL_ADDRESS = 700,
    LAUNCH_OUT_OF_RESOURCES = 701,
    PEER_ACCESS_ALREADY_ENABLED = 704,
    PEER_ACCESS_NOT_ENABLED = 705,
    CONTEXT_IS_DESTROYED = 709,
    HOST_MEMORY_ALREADY_REGISTERED = 712,
    HOST_MEMORY_NOT_REGISTERED = 713,
    LAUNCH_FAILED = 719,
    NOT_PERMITTED = 800,
    NOT_SUPPORTED = 801,
    CAPTURE_UNSUPPORTED = 900,
    CAPTURE_INVALIDATED = 901,
    CAPTURE_MERGE = 902,
    CAPTURE_UNMATCHED = 903,
    CAPTURE_UNJOINED = 904,
    CAPTURE_ISOLATION = 905,
    CAPTURE_IMPLICIT = 906,
    CAPTURED_EVENT = 907,
    CAPTURE_WRONG_THREAD = 908
};

using DevicePointer = uint64_t;
using Work = std::function<void()>;

struct Context;
struct Graph;
struct Launch;
struct Node;
struct Stream;

// ---- settings and faults (driver_faults.cpp) ----

struct Settings {
    int devices;
    size_t memory;          // of each device, in bytes
    int driverVersion;
    bool noDevice;
    int lazy;               // 0: work runs when queued; 1: when waited for, the newest stream first; 2: the oldest
    bool null;              // launches and copies return without running
    size_t alignment;       // of allocations; the rest of their last page is guarded
};

/** Calls that can be made to fail, and are counted. */
enum Counted { ALLOCATION, HOST_ALLOCATION, COPY, LAUNCH, KERNEL_FAULT, DEVICE_LOSS, COUNTED_KINDS };

Settings& settings();

/** Counts one call of the kind and says whether a fault was asked for at this one. */
bool faultDue(Counted kind);

/** What softcuda_counter tells: how many there were so far, then how many are alive now. */
enum Tallied {
    ALLOCATIONS, LAUNCHES, KERNELS, COPIES, PRODUCTS, SYNCHRONISATIONS,
    LIVE, LIVE_BYTES, HOST_LIVE, STREAMS, EVENTS, GRAPHS, EXECUTABLES, MODULES, TALLIES
};

void tally(Tallied what, long change);

/** Records and prints what went wrong; returns the code. */
int report(int code, const char* format, ...) __attribute__((format(printf, 2, 3)));

/** The text of the latest report with this code, or an empty string. */
std::string detailOf(int code);

/** Name of the driver function that is running. */
void enterFunction(const char* name);

// ---- contexts (driver_device.cpp) ----

struct Device {
    size_t used = 0;
    Context* primary = nullptr;
};

struct Context {
    int device;
    bool primary;
    int references = 0;
    unsigned flags = 0;
    int sticky = SUCCESS;               // set by a fault in queued work: every later call returns it
    std::shared_ptr<Stream> legacy;     // the stream with handle 0
    std::set<std::shared_ptr<Stream>> streams;
    std::set<Context*> peers;           // whose memory this one may use
};

std::recursive_mutex& lock();
bool initialised();
Device& device(int ordinal);
Context* currentContext();
const std::set<Context*>& contexts();

/** Ends a context's work with an error that stays. */
void fail(Context& context, int code, const char* text);

/** True while a host function of a stream runs on this thread: it must not call the driver. */
bool& insideHostFunction();

/** Runs the body under the lock once cuInit has been called. */
template <class Body>
int afterInit(Body body, const char* function = __builtin_FUNCTION()) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    enterFunction(function);
    return initialised() ? int(body()) : int(NOT_INITIALIZED);
}

/** Runs the body under the lock with the thread's current context, unless that has failed. */
template <class Body>
int inContext(Body body, const char* function = __builtin_FUNCTION()) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    enterFunction(function);
    if (!initialised()) {
        return NOT_INITIALIZED;
    }
    if (insideHostFunction()) {
        return NOT_PERMITTED;
    }
    Context* context = currentContext();
    if (context == nullptr) {
        return INVALID_CONTEXT;
    }
    if (contexts().count(context) == 0) {
        return CONTEXT_IS_DESTROYED;
    }
    return context->sticky != SUCCESS ? context->sticky : int(body(*context));
}

// ---- memory (driver_memory.cpp, driver_allocation.cpp) ----

struct Allocation {
    enum Kind { DEVICE, HOST, REGISTERED, VARIABLE };
    Kind kind;
    DevicePointer begin;
    size_t bytes;
    DevicePointer mapping;      // pages from here to the guard
    size_t mappingBytes;
    int device;
    unsigned flags;
    bool ready;                 // false until its stream reaches the allocation
    bool releasing;             // its release is queued
    bool poisoned;              // so what lies around it in its pages is known
};

/** The live allocation that holds [address, address + bytes), or null. An empty range may lie at an end. */
Allocation* findAllocation(DevicePointer address, size_t bytes);

/** As findAllocation, for memory that is not being freed; else reports INVALID_VALUE and returns null. */
Allocation* requireDeviceRange(DevicePointer address, size_t bytes, const char* role);

/** True when the context may use the allocation: its own device's, page-locked, or an enabled peer's. */
bool mayUse(const Context& context, const Allocation& allocation);

/** Takes addresses for an allocation; its memory is there at once when `ready`. Null when the system has none. */
Allocation* reserve(Allocation::Kind kind, size_t bytes, int device, bool ready);

/** Makes memory of an allocation that is not ready, or maps a freed one again at its old addresses. */
bool materialise(const Allocation& wanted);

/** Unmaps an allocation. False when something had written around it. */
bool release(DevicePointer begin, const char* how);

/** What lives on a device, and page-locked memory made there. */
std::vector<Allocation> allocationsOf(int device);

/** Makes a range known that was not allocated here: registered host memory, a module's variable. */
void registerRange(Allocation::Kind kind, DevicePointer address, size_t bytes, int device);
void unregister(DevicePointer address);

/** Frees everything on a device, as the end of its primary context does. */
void freeAll(int device);

// ---- streams (driver_streams.cpp) ----

enum NodeKind { KERNEL = 0, MEMCPY = 1, MEMSET = 2, HOST = 3, CHILD = 4, EMPTY = 5, ALLOCATE = 10, FREE = 11 };

struct Capture {
    Graph* graph;
    Stream* origin;
    int mode;                   // 0 global, 1 thread-local, 2 relaxed
    std::thread::id thread;
    bool invalidated = false;
    bool ended = false;
};

struct Operation {
    Work work;
    std::shared_ptr<Stream> after;      // another stream, which must have done so many operations first
    uint64_t afterCount;
};

struct Stream {
    Context* context;
    unsigned flags;
    int priority;
    uint64_t id;
    std::deque<Operation> queue;
    uint64_t queued = 0;
    uint64_t done = 0;
    std::shared_ptr<Capture> capture;
    std::vector<Node*> captureTail;     // what the next captured node depends on

    bool blocking() const {
        return (flags & 1) == 0;
    }
};

/** The stream of a handle, the context's legacy stream for the built-in handles; null when the handle is stale. */
std::shared_ptr<Stream> streamOf(Context& context, void* handle);

/** Queues work (or adds it to the graph that the stream captures). `launch` is given for kernels. */
int enqueue(const std::shared_ptr<Stream>& stream, NodeKind kind, Work work, std::shared_ptr<Launch> launch = nullptr);

/** Runs the stream's queue up to that many operations done in all, and what they wait for. */
void drain(Stream& stream, uint64_t upTo);

/** Runs everything in the context; returns its sticky error. */
int synchronize(Context& context);

/** Refuses, and invalidates, captures that forbid the calling function (allocation, synchronous copies). */
int forbiddenInCapture();

// ---- graphs (driver_graphs.cpp) ----

struct Node {
    NodeKind kind;
    Work work;
    std::shared_ptr<Launch> launch;
    std::vector<Node*> dependencies;
};

Graph* newGraph();
bool deleteGraph(Graph* graph);
Node* addNode(Graph& graph, NodeKind kind, Work work, std::shared_ptr<Launch> launch, std::vector<Node*> dependencies);

/** All that the nodes depend on, themselves included. */
std::set<Node*> ancestors(const std::vector<Node*>& nodes);

// ---- modules and launches (driver_modules.cpp, driver_launch.cpp) ----

struct LoadedModule {
    void* handle;
    Module module;
    Context* context;
    std::map<std::string, struct Function*> functions;
    std::set<DevicePointer> variables;

    ~LoadedModule();
};

struct Function {
    std::weak_ptr<LoadedModule> module;
    const SoftcudaKernel* kernel;
    int maxDynamicShared;
};

/** Unloads all modules of a context that ends. */
void unloadAll(const Context& context);

/** Checks a function handle: null when it is not one, or its module was unloaded. */
Function* functionOf(void* handle);

/** A kernel with its packed arguments, ready to run as often as needed. */
struct Launch {
    std::shared_ptr<LoadedModule> module;
    const SoftcudaKernel* kernel;
    Extent grid;
    Extent block;
    size_t sharedBytes;
    std::vector<uint64_t> storage;
    std::vector<void*> arguments;
};

struct LaunchShape {
    Extent grid;
    Extent block;
    size_t sharedBytes;
};

/** Checks a launch and copies its arguments. */
int prepareLaunch(Context& context, void* function, const LaunchShape& shape, void** parameters, void** extra,
                  std::shared_ptr<Launch>* launch);

void runLaunch(Context& context, const Launch& launch);

}
