// A library with the name and symbol versions of CUDA 12 that hands every call to the same library of CUDA 13, for
// programs linked against 12 on machines that have 13. The functions keep their signatures between the two; arguments
// pass untouched, because each function here is one jump.
//
// build.sh compiles it with
//   TARGET         path of CUDA 13's library, a string
//   NOT_SUPPORTED  what a function returns that CUDA 13 no longer has
//   functions.inc  one FORWARD(name) per function, in the folder of included files

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>

#if !defined(__x86_64__) || !defined(__linux__)
#error "the forwarder is written for Linux on x86-64"
#endif

// The jump leads through a variable that is filled when the library is loaded.
#define FORWARD(name)                                                                                                  \
    __attribute__((visibility("hidden"))) void *target_##name;                                                         \
    __asm__(".pushsection .text\n"                                                                                     \
            ".p2align 4\n"                                                                                             \
            ".globl " #name "\n"                                                                                       \
            ".type " #name ", @function\n" #name ":\n"                                                                 \
            "    endbr64\n"                                                                                            \
            "    jmp *target_" #name "(%rip)\n"                                                                        \
            ".size " #name ", . - " #name "\n"                                                                         \
            ".popsection\n");
#include "functions.inc"
#undef FORWARD

struct function {
    const char *name;
    void **target;
};

#define FORWARD(name) {#name, &target_##name},
static const struct function functions[] = {
#include "functions.inc"
};
#undef FORWARD

static int notSupported(void) {
    return NOT_SUPPORTED;
}

// The loader runs this before anybody can call a function. Whoever loads the forwarder loads TARGET first and has
// reported it if that failed, so a message is all that is left to do here.
__attribute__((constructor)) static void resolve(void) {
    void *library = dlopen(TARGET, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "forwarder to %s: %s\n", TARGET, dlerror());
    }
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *found = library == NULL ? NULL : dlsym(library, functions[i].name);
        *functions[i].target = found != NULL ? found : (void *) notSupported;
    }
}
