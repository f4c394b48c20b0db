// The callbacks that -fsanitize=thread and -fsanitize=undefined compile into a kernel, without either run-time library.
#include "sanitizer.h"

using softcuda::Access;

/** Checks an access on behalf of a callback, whose caller is the kernel. */
#define SOFTCUDA_CHECK(address, size, access)                                                                          \
    softcuda::checkAccess((const void*) (address), size, access, __builtin_return_address(0))

extern "C" {

// ---- -fsanitize=thread: memory accesses ----

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

#define SOFTCUDA_ACCESS(size)                                                                                          \
    void __tsan_read##size(void* address) {                                                                            \
        SOFTCUDA_CHECK(address, size, Access::READ);                                                                   \
    }                                                                                                                  \
    void __tsan_write##size(void* address) {                                                                           \
        SOFTCUDA_CHECK(address, size, Access::WRITE);                                                                  \
    }                                                                                                                  \
    void __tsan_unaligned_read##size(void* address) {                                                                  \
        SOFTCUDA_CHECK(address, size, Access::READ);                                                                   \
    }                                                                                                                  \
    void __tsan_unaligned_write##size(void* address) {                                                                 \
        SOFTCUDA_CHECK(address, size, Access::WRITE);                                                                  \
    }

SOFTCUDA_ACCESS(1)
SOFTCUDA_ACCESS(2)
SOFTCUDA_ACCESS(4)
SOFTCUDA_ACCESS(8)
SOFTCUDA_ACCESS(16)

void __tsan_read_range(void* address, unsigned long size) {
    if (size != 0) {
        SOFTCUDA_CHECK(address, size, Access::READ);
    }
}

void __tsan_write_range(void* address, unsigned long size) {
    if (size != 0) {
        SOFTCUDA_CHECK(address, size, Access::WRITE);
    }
}

// ---- -fsanitize=thread: atomic operations, which the callbacks have to carry out ----

#define SOFTCUDA_FETCH(bits, T, name)                                                                                  \
    T __tsan_atomic##bits##_fetch_##name(volatile T* address, T value, int) {                                          \
        SOFTCUDA_CHECK(address, sizeof(T), Access::ATOMIC);                                                            \
        return __atomic_fetch_##name(address, value, __ATOMIC_SEQ_CST);                                                \
    }

#define SOFTCUDA_COMPARE(bits, T, strength)                                                                            \
    bool __tsan_atomic##bits##_compare_exchange_##strength(volatile T* address, T* expected, T value, int, int) {      \
        SOFTCUDA_CHECK(address, sizeof(T), Access::ATOMIC);                                                            \
        return __atomic_compare_exchange_n(address, expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);       \
    }

#define SOFTCUDA_ATOMIC(bits, T)                                                                                       \
    T __tsan_atomic##bits##_load(const volatile T* address, int) {                                                     \
        SOFTCUDA_CHECK(address, sizeof(T), Access::READ);                                                              \
        return __atomic_load_n(address, __ATOMIC_SEQ_CST);                                                             \
    }                                                                                                                  \
    void __tsan_atomic##bits##_store(volatile T* address, T value, int) {                                              \
        SOFTCUDA_CHECK(address, sizeof(T), Access::ATOMIC);                                                            \
        __atomic_store_n(address, value, __ATOMIC_SEQ_CST);                                                            \
    }                                                                                                                  \
    T __tsan_atomic##bits##_exchange(volatile T* address, T value, int) {                                              \
        SOFTCUDA_CHECK(address, sizeof(T), Access::ATOMIC);                                                            \
        return __atomic_exchange_n(address, value, __ATOMIC_SEQ_CST);                                                  \
    }                                                                                                                  \
    SOFTCUDA_FETCH(bits, T, add)                                                                                       \
    SOFTCUDA_FETCH(bits, T, sub)                                                                                       \
    SOFTCUDA_FETCH(bits, T, and)                                                                                       \
    SOFTCUDA_FETCH(bits, T, or)                                                                                        \
    SOFTCUDA_FETCH(bits, T, xor)                                                                                       \
    SOFTCUDA_COMPARE(bits, T, strong)                                                                                  \
    SOFTCUDA_COMPARE(bits, T, weak)

SOFTCUDA_ATOMIC(16, uint16_t)
SOFTCUDA_ATOMIC(32, uint32_t)
SOFTCUDA_ATOMIC(64, uint64_t)

void __tsan_atomic_thread_fence(int) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

// ---- -fsanitize=undefined ----

/** How every record that the compiler passes begins. */
struct SoftcudaPlace {
    const char* file;
    uint32_t line;
    uint32_t column;
};

struct SoftcudaMismatch {
    SoftcudaPlace place;
    const void* type;
    unsigned char alignmentLog2;
    unsigned char kind;
};

static void reportUndefined(const SoftcudaPlace* place, int code, const char* text) {
    if (softcuda::running != nullptr) {
        softcuda::fail(code, "%s at %s:%u:%u", text, place->file, place->line, place->column);
    }
}

#define SOFTCUDA_UNDEFINED(name, text)                                                                                 \
    void __ubsan_handle_##name(SoftcudaPlace* place, ...) {                                                            \
        reportUndefined(place, softcuda::ERROR_LAUNCH_FAILED, text);                                                   \
    }

SOFTCUDA_UNDEFINED(out_of_bounds, "array index out of bounds")
SOFTCUDA_UNDEFINED(shift_out_of_bounds, "shift by a negative count or by the type's width or more")
SOFTCUDA_UNDEFINED(divrem_overflow, "integer division by zero or its overflow")
SOFTCUDA_UNDEFINED(add_overflow, "overflow of a signed addition")
SOFTCUDA_UNDEFINED(sub_overflow, "overflow of a signed subtraction")
SOFTCUDA_UNDEFINED(mul_overflow, "overflow of a signed multiplication")
SOFTCUDA_UNDEFINED(negate_overflow, "overflow of a signed negation")
SOFTCUDA_UNDEFINED(load_invalid_value, "bool that is neither 0 nor 1")
SOFTCUDA_UNDEFINED(float_cast_overflow, "float out of the integer's range: __float2int_rz and its like saturate")
SOFTCUDA_UNDEFINED(vla_bound_not_positive, "array of no elements")
SOFTCUDA_UNDEFINED(builtin_unreachable, "unreachable code was reached")
SOFTCUDA_UNDEFINED(missing_return, "end of a function that must return a value")
SOFTCUDA_UNDEFINED(invalid_builtin, "count of the leading or trailing zeros of 0")

void __ubsan_handle_type_mismatch_v1(SoftcudaMismatch* mismatch, uintptr_t pointer) {
    if (pointer == 0) {
        reportUndefined(&mismatch->place, softcuda::ERROR_ILLEGAL_ADDRESS, "access through a null pointer");
    } else if (pointer & ((uintptr_t(1) << mismatch->alignmentLog2) - 1)) {
        reportUndefined(&mismatch->place, softcuda::ERROR_MISALIGNED_ADDRESS, "misaligned access");
    }
}

/** An offset to a null pointer is left alone: kernels compute addresses in optional operands before they test them. */
void __ubsan_handle_pointer_overflow(SoftcudaPlace* place, uintptr_t base, uintptr_t) {
    if (base != 0) {
        reportUndefined(place, softcuda::ERROR_LAUNCH_FAILED, "pointer arithmetic that wraps around");
    }
}

}
