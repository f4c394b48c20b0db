// Registration: a module lists its kernels, each with the layout of its parameters and a function that unpacks them.
#pragma once

namespace softcuda {

template <class T>
struct IsPointer {
    static constexpr bool value = false;
};

template <class T>
struct IsPointer<T*> {
    static constexpr bool value = true;
};

template <int... I>
struct Indices {};

template <auto Function>
struct Unpacked;

template <class... A, void (*Function)(A...)>
struct Unpacked<Function> {
    static constexpr unsigned count = sizeof...(A);
    static inline const SoftcudaParameter parameters[count + 1] = {
        {(unsigned) sizeof(A), (unsigned) alignof(A), IsPointer<A>::value}..., {0, 0, false}};

    // The arguments lie in host memory, which a kernel may not read: not to be reported.
    template <int... I>
    __attribute__((no_sanitize("thread", "undefined"))) static void unpack(void* const* arguments, Indices<I...>) {
        Function(*(A*) arguments[I]...);
    }

    static void call(void* const* arguments) {
        unpack(arguments, Indices<__integer_pack(count)...>());
    }
};

/** One object per kernel, built when the module is loaded. */
class Registration {
public:
    Registration(const char* name, bool expression, unsigned maxThreads, const void* function,
                 void (*call)(void* const*), unsigned count, const SoftcudaParameter* parameters)
        : kernel {name, expression, maxThreads, function, call, count, parameters, first, false} {
        first = &kernel;
    }

    static inline SoftcudaKernel* first = nullptr;

private:
    SoftcudaKernel kernel;
};

template <auto Function>
struct Register : Registration {
    explicit Register(const char* name, bool expression = false, unsigned maxThreads = 1024, unsigned = 0)
        : Registration(name, expression, maxThreads, (const void*) Function, &Unpacked<Function>::call,
                       Unpacked<Function>::count, Unpacked<Function>::parameters) {}
};

}

extern "C" {
thread_local SoftcudaAnchor softcuda_module_anchor_block;

SoftcudaKernel* softcuda_module_kernels() {
    return softcuda::Registration::first;
}

SoftcudaAnchor* softcuda_module_anchor() {
    return &softcuda_module_anchor_block;
}
}
