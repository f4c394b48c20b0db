// Recognises modules that another build of the software device compiled, or this one with other settings: a program's
// own cache of cubins cannot know that they are of no use.
#include "engine_hash.h"
#include "engine_internal.h"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace fs = std::filesystem;

namespace {

std::string findFolder() {
    Dl_info info;
    dladdr(reinterpret_cast<void*>(&softcuda_folder), &info);
    return fs::absolute(info.dli_fname).parent_path();
}

void addFile(softcuda::Hash& hash, const fs::path& file) {
    std::ifstream input(file, std::ios::binary);
    hash.add(file.filename());
    hash.add(std::string(std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()));
}

std::string makeStamp() {
    fs::path folder = softcuda_folder();
    std::vector<fs::path> files = {folder / "libnvrtc.so.12"};
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder / "device", missing)) {
        files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    softcuda::Hash hash;
    hash.add(softcuda::engineSettings.sanitize ? "sanitized" : "plain");
    for (const fs::path& file : files) {
        addFile(hash, file);
    }
    return hash.digest();
}

}

const char* softcuda_folder() {
    static const std::string& folder = *new std::string(findFolder());
    return folder.c_str();
}

const char* softcuda_stamp() {
    static const std::string& stamp = *new std::string(makeStamp());
    return stamp.c_str();
}
