// Compiles a program with g++ into a shared object, or finds it in the cache.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace softcuda {

struct Source {
    std::string name;
    std::string text;
    std::vector<std::pair<std::string, std::string>> headers;   // name in #include, text
    std::vector<std::string> nameExpressions;
    std::vector<std::string> preprocessorOptions;               // -D, -U, -I
    int architecture;                                           // 90 for sm_90
};

struct Compiled {
    bool succeeded;
    std::string object;     // path of the shared object
    std::string log;        // what g++ said
};

/**
 * Environment: SOFTCUDA_CACHE, the folder of compiled programs (default: softcuda-cache-<user id> in the folder for
 * temporary files); SOFTCUDA_CXX, the compiler (default: g++); SOFTCUDA_SANITIZE.
 */
Compiled compile(const Source& source);

}
