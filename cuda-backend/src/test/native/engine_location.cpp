// Source lines of faults, from the line tables of the compiled module. Asked for after the block has been left, so on
// an ordinary stack and outside signal handlers.
#include "engine_internal.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

extern "C" char** environ;

namespace softcuda {

namespace {

/** What addr2line prints for an address of a shared object; empty when it cannot be run. */
std::string askLine(const char* path, uintptr_t offset) {
    char hexadecimal[32];
    snprintf(hexadecimal, sizeof hexadecimal, "0x%zx", size_t(offset));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return "";
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    const char* const command[] = {"addr2line", "-e", path, hexadecimal, nullptr};
    pid_t process;
    int error = posix_spawnp(&process, command[0], &actions, nullptr, const_cast<char**>(command), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    std::string line;
    char buffer[512];
    for (ssize_t n; error == 0 && (n = read(ends[0], buffer, sizeof buffer)) > 0;) {
        line.append(buffer, size_t(n));
    }
    close(ends[0]);
    if (error == 0) {
        waitpid(process, nullptr, 0);
    }
    return line;
}

}

void locateFault(Engine* engine) {
    const Module& module = *engine->module;
    bool inModule = engine->place >= module.begin && engine->place < module.end;
    if (!inModule || module.path == nullptr || access(module.path, R_OK) != 0) {
        return;
    }
    std::string line = askLine(module.path, engine->place - module.begin);
    line = line.substr(line.rfind('/') + 1);
    line = line.substr(0, line.find_first_of(" \n"));
    if (!line.empty() && line[0] != '?') {
        size_t length = strlen(engine->fault.text);
        snprintf(engine->fault.text + length, sizeof engine->fault.text - length, "; at %s", line.c_str());
    }
}

}
