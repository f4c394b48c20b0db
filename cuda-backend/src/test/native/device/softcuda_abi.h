// What a compiled kernel module and the engine have to agree on. Included by both, so it includes nothing itself.
#pragma once

/** One parameter of a kernel, by value: its place in a packed parameter buffer follows from size and alignment. */
struct SoftcudaParameter {
    unsigned size;
    unsigned alignment;
    bool pointer;
};

/** One kernel of a module; the module's kernels form a list that its static constructors build when it is loaded. */
struct SoftcudaKernel {
    const char* name;               // as cuModuleGetFunction is asked for it
    bool expression;                // the name is an expression given to nvrtcAddNameExpression
    unsigned maxThreads;            // of a block, from __launch_bounds__; 1024 without
    const void* function;
    void (*call)(void* const* arguments);
    unsigned parameterCount;
    const SoftcudaParameter* parameters;
    SoftcudaKernel* next;
    mutable bool waits;             // the engine has seen its threads wait for each other
};

/** State of the thread-local block that holds a module's static shared memory. Zero when a thread gets it. */
enum SoftcudaSharedState { SOFTCUDA_SHARED_FRESH, SOFTCUDA_SHARED_POISONED, SOFTCUDA_SHARED_USED };

struct SoftcudaAnchor {
    int state;
};

enum SoftcudaBarrier { SOFTCUDA_BARRIER, SOFTCUDA_BARRIER_COUNT, SOFTCUDA_BARRIER_AND, SOFTCUDA_BARRIER_OR };

enum SoftcudaWarpOperation {
    SOFTCUDA_SYNC,
    SOFTCUDA_SHUFFLE,
    SOFTCUDA_SHUFFLE_UP,
    SOFTCUDA_SHUFFLE_DOWN,
    SOFTCUDA_SHUFFLE_XOR,
    SOFTCUDA_BALLOT,
    SOFTCUDA_MATCH_ANY,
    SOFTCUDA_REDUCE_ADD,
    SOFTCUDA_REDUCE_MIN,
    SOFTCUDA_REDUCE_MAX,
    SOFTCUDA_REDUCE_MIN_UNSIGNED,
    SOFTCUDA_REDUCE_MAX_UNSIGNED,
    SOFTCUDA_REDUCE_AND,
    SOFTCUDA_REDUCE_OR,
    SOFTCUDA_REDUCE_XOR
};

extern "C" {
// Defined by the engine, called by kernels.
int softcuda_barrier(int kind, int predicate, int line);
unsigned long long softcuda_warp(int operation, unsigned mask, unsigned long long value, int argument, int width,
                                 int line);
int softcuda_lane();
void softcuda_fence();
void* softcuda_dynamic_shared();
[[noreturn]] void softcuda_assert_failed(const char* condition, const char* file, unsigned line);
[[noreturn]] void softcuda_trap();

// Defined by every module, called by the engine.
SoftcudaKernel* softcuda_module_kernels();
SoftcudaAnchor* softcuda_module_anchor();
extern const char softcuda_module_stamp[];  // of what compiled the module; see engine_stamp.cpp
extern const char softcuda_module_path[];   // where the shared object was put, for its line numbers
}
