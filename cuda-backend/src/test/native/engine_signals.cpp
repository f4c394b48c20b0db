// Turns a bad access, division by zero or trap inside a kernel into a fault of the launch. Signals that arrive while no
// kernel runs go to whoever had the handler before, which is HotSpot: it uses SIGSEGV for null checks and safepoints.
#include "engine_internal.h"

#include <signal.h>

#include <cstdio>
#include <mutex>

namespace softcuda {

namespace {

constexpr int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

struct sigaction previous[NSIG];

void describeAccess(const void* address, char* text, size_t size) {
    if (!describeOwn(running, address, text, size)) {
        softcuda_describe(address, text, size);
    }
}

/** Bit 1 of the page fault's error code, which is meaningful for page faults alone. */
const char* accessKind(const ucontext_t* context) {
    constexpr int PAGE_FAULT = 14;
    if (context->uc_mcontext.gregs[REG_TRAPNO] != PAGE_FAULT) {
        return "access";
    }
    return context->uc_mcontext.gregs[REG_ERR] & 2 ? "write" : "read";
}

[[noreturn]] void failKernel(int signal, const siginfo_t* info, const ucontext_t* context) {
    running->place = uintptr_t(context->uc_mcontext.gregs[REG_RIP]);
    if (signal == SIGFPE) {
        fail(ERROR_LAUNCH_FAILED, "integer division by zero or its overflow");
    }
    if (signal == SIGILL) {
        fail(ERROR_LAUNCH_FAILED, "trap: unreachable code was reached");
    }
    if (info->si_code == SI_KERNEL) {
        // The processor names no address for these.
        fail(ERROR_ILLEGAL_ADDRESS, "access to a misaligned or impossible address");
    }
    char text[512] = "";
    describeAccess(info->si_addr, text, sizeof text);
    fail(ERROR_ILLEGAL_ADDRESS, "invalid %s at %p: %s", accessKind(context), info->si_addr, text);
}

void callPrevious(int signal, siginfo_t* info, void* context) {
    const struct sigaction& action = previous[signal];
    if (action.sa_flags & SA_SIGINFO) {
        action.sa_sigaction(signal, info, context);
    } else if (action.sa_handler == SIG_DFL) {
        // The instruction faults again and the default action ends the process.
        sigaction(signal, &action, nullptr);
    } else if (action.sa_handler != SIG_IGN) {
        action.sa_handler(signal);
    }
}

void handle(int signal, siginfo_t* info, void* context) {
    if (running != nullptr) {
        failKernel(signal, info, static_cast<ucontext_t*>(context));
    }
    callPrevious(signal, info, context);
}

}

void installSignalHandlers() {
    static std::once_flag once;
    std::call_once(once, [] {
        for (int signal : SIGNALS) {
            struct sigaction action = {};
            action.sa_sigaction = handle;
            // fail() leaves the handler by switching stacks, so the signal must not stay blocked.
            action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
            sigaction(signal, &action, &previous[signal]);
        }
    });
}

}
