// Settings from the environment, faults on demand, counters, and the record of what went wrong.
#include "driver.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace softcuda {

namespace {

struct Rule {
    uint64_t first = 0;         // 0: no fault
    uint64_t calls = 0;         // how many from the first on
};

struct FaultKind {
    const char* name;
    const char* variable;
};

constexpr FaultKind KINDS[COUNTED_KINDS] = {
    {"alloc", "SOFTCUDA_FAIL_ALLOC"},   {"host", "SOFTCUDA_FAIL_HOST_ALLOC"}, {"copy", "SOFTCUDA_FAIL_COPY"},
    {"launch", "SOFTCUDA_FAIL_LAUNCH"}, {"kernel", "SOFTCUDA_FAIL_KERNEL"},   {"lose", "SOFTCUDA_LOSE_DEVICE"},
};

struct State {
    Rule rules[COUNTED_KINDS];
    uint64_t calls[COUNTED_KINDS] = {};
    long tallies[TALLIES] = {};
    int code = SUCCESS;
    std::string text;
    const char* function = "";
};

/** "3": the third call; "3-": from the third on; "3:2": the third and the fourth. */
Rule parseRule(const char* text) {
    char* rest = nullptr;
    Rule rule{strtoull(text, &rest, 10), 1};
    if (*rest == '-') {
        rule.calls = UINT64_MAX;
    } else if (*rest == ':') {
        rule.calls = strtoull(rest + 1, nullptr, 10);
    }
    return rule;
}

State& state() {
    static State* instance = [] {
        State* created = new State;
        for (int kind = 0; kind < COUNTED_KINDS; kind++) {
            if (const char* text = getenv(KINDS[kind].variable)) {
                created->rules[kind] = parseRule(text);
            }
        }
        return created;
    }();
    return *instance;
}

long number(const char* variable, long fallback) {
    const char* text = getenv(variable);
    return text == nullptr || *text == '\0' ? fallback : strtol(text, nullptr, 10);
}

}

Settings& settings() {
    static Settings instance = {
        int(number("SOFTCUDA_DEVICES", 1)),
        size_t(number("SOFTCUDA_MEMORY", 2L << 30)),
        int(number("SOFTCUDA_DRIVER_VERSION", 12060)),
        number("SOFTCUDA_NO_DEVICE", 0) != 0,
        int(number("SOFTCUDA_LAZY", 0)),
        number("SOFTCUDA_NULL", 0) != 0,
        size_t(number("SOFTCUDA_ALIGNMENT", 16)),
    };
    return instance;
}

bool faultDue(Counted kind) {
    uint64_t call = ++state().calls[kind];
    const Rule& rule = state().rules[kind];
    return rule.first != 0 && call >= rule.first && call - rule.first < rule.calls;
}

void tally(Tallied what, long change) {
    state().tallies[what] += change;
}

int report(int code, const char* format, ...) {
    char text[1536];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    state().code = code;
    state().text = text;
    fprintf(stderr, "[softcuda] %s: %s\n", state().function, text);
    return code;
}

std::string detailOf(int code) {
    return code != SUCCESS && code == state().code ? state().text : "";
}

void enterFunction(const char* name) {
    state().function = name;
}

}

using namespace softcuda;

/**
 * Asks for a fault: `what` is a name from the table above ("alloc", "host", "copy", "launch", "kernel", "lose"), with
 * "-" added for every call from then on, or ":4" for four calls; n = 1 means the next call of the kind, 0 withdraws.
 * "launch" and "copy" are refused by the call itself; "kernel" is an illegal address that shows later and stays;
 * "lose" is a device that fails every call from that launch on. "reset" withdraws all and revives failed contexts.
 * Returns 0, or 1 for an unknown name.
 */
SOFTCUDA_API int softcuda_fault(const char* what, long n) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    if (strcmp(what, "reset") == 0) {
        for (Rule& rule : state().rules) {
            rule = Rule();
        }
        for (Context* context : contexts()) {
            context->sticky = SUCCESS;
        }
        return SUCCESS;
    }
    size_t length = strcspn(what, "-:");
    for (int kind = 0; kind < COUNTED_KINDS; kind++) {
        if (strlen(KINDS[kind].name) == length && strncmp(what, KINDS[kind].name, length) == 0) {
            Rule rule = parseRule((std::string("1") + (what + length)).c_str());
            rule.first = n <= 0 ? 0 : state().calls[kind] + uint64_t(n);
            state().rules[kind] = rule;
            return SUCCESS;
        }
    }
    return 1;
}

/** Changes "lazy" or "null" while running; returns the old value, -1 for an unknown name. */
SOFTCUDA_API long softcuda_set(const char* what, long value) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    if (strcmp(what, "lazy") == 0) {
        for (Context* context : contexts()) {
            synchronize(*context);
        }
        long old = settings().lazy;
        settings().lazy = int(value);
        return old;
    }
    if (strcmp(what, "null") == 0) {
        long old = settings().null;
        settings().null = value != 0;
        return old;
    }
    return -1;
}

/**
 * How many of something there were so far ("kernels" are launches that ran, "products" those of cuBLAS), or, from
 * "live" on, are alive now. -1 for an unknown name.
 */
SOFTCUDA_API long softcuda_counter(const char* what) {
    static const char* const names[TALLIES] = {
        "allocations", "launches", "kernels", "copies", "products", "synchronisations",
        "live", "live bytes", "host", "streams", "events", "graphs", "executables", "modules"};
    std::lock_guard<std::recursive_mutex> guard(lock());
    for (int i = 0; i < TALLIES; i++) {
        if (strcmp(names[i], what) == 0) {
            return state().tallies[i];
        }
    }
    return -1;
}

/** The text of the latest report. */
SOFTCUDA_API const char* softcuda_message() {
    return state().text.c_str();
}

/** What the generated stubs return. */
SOFTCUDA_API int softcuda_unsupported(const char* function) {
    std::lock_guard<std::recursive_mutex> guard(lock());
    enterFunction(function);
    return report(NOT_SUPPORTED, "the software device has no such function");
}
