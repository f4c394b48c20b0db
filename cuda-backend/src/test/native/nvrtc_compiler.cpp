#include "nvrtc_compiler.h"

#include "engine.h"
#include "engine_hash.h"
#include "nvrtc_source.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

extern "C" char** environ;

namespace softcuda {

namespace {

namespace fs = std::filesystem;

const char* environment(const char* name, const char* otherwise) {
    const char* value = getenv(name);
    return value == nullptr || *value == 0 ? otherwise : value;
}

std::string read(const fs::path& file) {
    std::stringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

void write(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
}

bool sanitized() {
    return strcmp(environment("SOFTCUDA_SANITIZE", "0"), "0") != 0;
}

std::vector<std::string> compilerOptions() {
    std::vector<std::string> options = {
        "-std=c++17", "-O1", "-g1", "-fPIC",
        "-Wall", "-Wno-unknown-pragmas", "-Wno-unused-function", "-Wno-sign-compare",
        // A big stack frame has to touch the guard page, not to step over it.
        "-fstack-clash-protection",
        "-fno-exceptions", "-fno-rtti", "-fno-stack-protector", "-fno-semantic-interposition",
        // Rounding as written; kernels take their NaN and error paths without errno.
        "-ffp-contract=off", "-fno-math-errno", "-fno-strict-aliasing",
        // Unique symbols would share the shared memory of inline functions between modules.
        "-fno-gnu-unique", "-mtls-dialect=gnu2"};
    if (!sanitized()) {
        options.push_back("-fwrapv");
        return options;
    }
    for (const char* option : {"-fsanitize=thread", "-fsanitize=undefined", "-fsanitize=bounds-strict",
                               "-fsanitize=float-cast-overflow",
                               "-fno-sanitize=vptr,object-size,nonnull-attribute,shift-base",
                               "-fno-omit-frame-pointer"}) {
        options.push_back(option);
    }
    return options;
}

/** Runs a program in a folder, its output appended to a log file. Returns its exit status, -1 when it did not run. */
int execute(const std::vector<std::string>& command, const fs::path& folder, const fs::path& log) {
    std::vector<char*> arguments;
    for (const std::string& word : command) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t process;
    int error = posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    if (error != 0 || waitpid(process, &status, 0) != process) {
        std::ofstream(log, std::ios::app) << "softcuda: cannot run " << command[0] << ": " << strerror(error) << "\n";
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string compiler() {
    return environment("SOFTCUDA_CXX", "g++");
}

/** Tells compilers and their versions apart. Asked for once: it starts a process. */
const std::string& compilerVersion(const fs::path& cache) {
    static const std::string version = [&] {
        fs::path log = cache / ("version-" + std::to_string(getpid()));
        execute({compiler(), "--version"}, cache, log);
        std::string text = read(log);
        fs::remove(log);
        return text;
    }();
    return version;
}

std::string keyOf(const Source& source, const fs::path& cache) {
    Hash hash;
    hash.add(compiler());
    hash.add(compilerVersion(cache));
    hash.add(softcuda_stamp());
    hash.add(std::to_string(source.architecture));
    hash.add(source.name);
    hash.add(source.text);
    for (const auto& header : source.headers) {
        hash.add(header.first);
        hash.add(header.second);
    }
    hash.add("expressions");
    for (const std::string& expression : source.nameExpressions) {
        hash.add(expression);
    }
    hash.add("options");
    for (const std::string& option : source.preprocessorOptions) {
        hash.add(option);
    }
    return hash.digest();
}

fs::path cacheFolder() {
    std::string otherwise = fs::temp_directory_path() / ("softcuda-cache-" + std::to_string(getuid()));
    fs::path folder = fs::absolute(environment("SOFTCUDA_CACHE", otherwise.c_str()));
    fs::create_directories(folder);
    return folder;
}

/** Preprocess, rewrite, compile, link, all inside `folder`; the result will be moved to `object`. */
bool build(const Source& source, const fs::path& folder, const fs::path& object, const fs::path& log) {
    fs::path own = softcuda_folder();
    for (const auto& header : source.headers) {
        fs::create_directories((folder / header.first).parent_path());
        write(folder / header.first, header.second);
    }
    write(folder / source.name, source.text);
    std::vector<std::string> preprocess = {compiler(), "-E", "-std=c++17", "-x", "c++", "-nostdinc", "-nostdinc++",
                                           "-I.", "-I" + (own / "device").string(), "-include", "softcuda.h"};
    preprocess.push_back("-D__CUDA_ARCH__=" + std::to_string(source.architecture * 10));
    preprocess.insert(preprocess.end(), source.preprocessorOptions.begin(), source.preprocessorOptions.end());
    preprocess.insert(preprocess.end(), {source.name, "-o", "preprocessed.ii"});
    if (execute(preprocess, folder, log) != 0) {
        return false;
    }
    write(folder / "host.ii",
          toHostSource(read(folder / "preprocessed.ii"), source.nameExpressions, object,
                       softcuda_stamp()));
    std::vector<std::string> translate = {compiler()};
    std::vector<std::string> options = compilerOptions();
    translate.insert(translate.end(), options.begin(), options.end());
    translate.insert(translate.end(), {"-c", "host.ii", "-o", "module.o"});
    if (execute(translate, folder, log) != 0) {
        return false;
    }
    return execute({compiler(), "-shared", "-nostartfiles", "-nodefaultlibs", "-Wl,-Bsymbolic", "-Wl,-z,now", "-o",
                    "module.so", "module.o", (own / "libcuda.so.1").string(), "-lm", "-lc"}, folder, log) == 0;
}

/** Only one process compiles a given program; the others wait, and then find it. Released when the process ends. */
class FileLock {
public:
    explicit FileLock(const fs::path& file) : descriptor(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
        flock(descriptor, LOCK_EX);
    }

    ~FileLock() {
        close(descriptor);
    }

    FileLock(const FileLock&) = delete;

private:
    int descriptor;
};

}

Compiled compile(const Source& source) {
    fs::path cache = cacheFolder();
    std::string key = keyOf(source, cache);
    fs::path object = cache / (key + ".so");
    fs::path objectLog = cache / (key + ".log");
    FileLock lock(cache / (key + ".lock"));
    if (fs::exists(object)) {
        return {true, object, read(objectLog)};
    }
    std::string pattern = cache / "build-XXXXXX";
    fs::path folder = mkdtemp(pattern.data());
    fs::path log = folder / "softcuda.log";
    bool succeeded = build(source, folder, object, log);
    std::string text = read(log);
    if (succeeded) {
        fs::rename(log, objectLog);
        fs::rename(folder / "module.so", object);
    }
    fs::remove_all(folder);
    return {succeeded, object, text};
}

}
