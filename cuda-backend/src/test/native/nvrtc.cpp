// libnvrtc.so.12: the part of NVRTC's API the project uses. A cubin is the shared object itself, "PTX" a text that
// names its file; engine.h says how the driver reads them.
#include "engine.h"
#include "nvrtc_compiler.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>

using softcuda::Compiled;
using softcuda::Source;

namespace {

enum Result {
    SUCCESS = 0,
    INVALID_INPUT = 3,
    INVALID_PROGRAM = 4,
    INVALID_OPTION = 5,
    COMPILATION = 6,
    NO_NAME_EXPRESSIONS_AFTER_COMPILATION = 8,
    NO_LOWERED_NAMES_BEFORE_COMPILATION = 9,
    NAME_EXPRESSION_NOT_VALID = 10,
    INTERNAL_ERROR = 11
};

constexpr int ARCHITECTURES[] = {75, 80, 86, 89, 90, 100};

struct Program {
    Source source;
    bool virtualArchitecture = false;
    bool compiled = false;
    std::string log;
    std::string ptx;
    std::string cubin;
};

bool startsWith(const std::string& text, const char* prefix) {
    return text.compare(0, strlen(prefix), prefix) == 0;
}

/** The value of --name=value, --name value, or null; steps over a value of its own. */
const char* valueOf(const char* name, int count, const char* const* options, int* i) {
    const char* option = options[*i];
    size_t length = strlen(name);
    if (strncmp(option, name, length) != 0) {
        return nullptr;
    }
    if (option[length] == '=') {
        return option + length + 1;
    }
    if (option[length] == 0 && *i + 1 < count) {
        return options[++*i];
    }
    return nullptr;
}

bool setArchitecture(Program* program, const std::string& value) {
    bool real = startsWith(value, "sm_");
    if (!real && !startsWith(value, "compute_")) {
        return false;
    }
    int architecture = atoi(value.c_str() + value.find('_') + 1);
    program->virtualArchitecture = !real;
    program->source.architecture = architecture;
    return std::find(std::begin(ARCHITECTURES), std::end(ARCHITECTURES), architecture) != std::end(ARCHITECTURES);
}

/** Options that change nothing here. */
bool isIgnored(const std::string& option) {
    static const char* const known[] = {
        "-default-device", "--device-as-default-execution-space", "--fmad=", "-fmad=", "--use_fast_math",
        "-use_fast_math", "--ftz=", "--prec-div=", "--prec-sqrt=", "--std=", "-std=", "-lineinfo",
        "--generate-line-info", "-w", "--disable-warnings", "--maxrregcount=", "-maxrregcount=", "--restrict",
        "--extra-device-vectorization", "--diag-suppress=", "-diag-suppress=", "-G", "--device-debug", "-no-cache"};
    return std::any_of(std::begin(known), std::end(known), [&](const char* name) {
        bool takesValue = name[strlen(name) - 1] == '=';
        return takesValue ? startsWith(option, name) : option == name;
    });
}

bool readOption(Program* program, int count, const char* const* options, int* i) {
    for (const char* name : {"--gpu-architecture", "-arch"}) {
        if (const char* value = valueOf(name, count, options, i)) {
            return setArchitecture(program, value);
        }
    }
    const std::pair<const char*, const char*> preprocessor[] = {
        {"--define-macro", "-D"}, {"--undefine-macro", "-U"}, {"--include-path", "-I"}};
    for (const auto& [name, shortName] : preprocessor) {
        if (const char* value = valueOf(name, count, options, i)) {
            program->source.preprocessorOptions.push_back(std::string(shortName) + value);
            return true;
        }
        std::string option = options[*i];
        if (startsWith(option, shortName)) {
            bool separate = option == shortName && *i + 1 < count;
            program->source.preprocessorOptions.push_back(separate ? option + options[++*i] : option);
            return true;
        }
    }
    return isIgnored(options[*i]);
}

bool isPlainPath(const std::string& name) {
    return !name.empty() && name[0] != '/' && name.find("..") == std::string::npos;
}

Result compileProgram(Program* program) {
    Compiled compiled = softcuda::compile(program->source);
    program->log += compiled.log;
    if (!compiled.succeeded) {
        return COMPILATION;
    }
    std::ifstream object(compiled.object, std::ios::binary);
    program->cubin.assign(std::istreambuf_iterator<char>(object), std::istreambuf_iterator<char>());
    program->ptx = softcuda::TEXT_IMAGE_PREFIX + compiled.object + "\n";
    program->compiled = true;
    return SUCCESS;
}

Result copyOut(const std::string& text, char* target, bool terminated) {
    memcpy(target, text.c_str(), text.size() + terminated);
    return SUCCESS;
}

}

#define API extern "C" __attribute__((visibility("default")))

API int nvrtcVersion(int* major, int* minor) {
    *major = 12;
    *minor = 6;
    return SUCCESS;
}

API int nvrtcGetNumSupportedArchs(int* count) {
    *count = int(std::size(ARCHITECTURES));
    return SUCCESS;
}

API int nvrtcGetSupportedArchs(int* architectures) {
    std::copy(std::begin(ARCHITECTURES), std::end(ARCHITECTURES), architectures);
    return SUCCESS;
}

API const char* nvrtcGetErrorString(int result) {
    static const char* const names[] = {
        "NVRTC_SUCCESS", "NVRTC_ERROR_OUT_OF_MEMORY", "NVRTC_ERROR_PROGRAM_CREATION_FAILURE",
        "NVRTC_ERROR_INVALID_INPUT", "NVRTC_ERROR_INVALID_PROGRAM", "NVRTC_ERROR_INVALID_OPTION",
        "NVRTC_ERROR_COMPILATION", "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE",
        "NVRTC_ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION", "NVRTC_ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION",
        "NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID", "NVRTC_ERROR_INTERNAL_ERROR"};
    bool known = result >= 0 && result < int(std::size(names));
    return known ? names[result] : "NVRTC_ERROR unknown";
}

API int nvrtcCreateProgram(Program** program, const char* text, const char* name, int headerCount,
                           const char* const* headers, const char* const* includeNames) {
    if (program == nullptr || text == nullptr) {
        return INVALID_INPUT;
    }
    auto created = new Program;
    created->source.name = name == nullptr || *name == 0 ? "default_program" : name;
    created->source.text = text;
    created->source.architecture = 75;
    bool valid = isPlainPath(created->source.name) && created->source.name.find('/') == std::string::npos;
    for (int i = 0; i < headerCount; i++) {
        valid = valid && isPlainPath(includeNames[i]);
        created->source.headers.emplace_back(includeNames[i], headers[i]);
    }
    if (!valid) {
        delete created;
        return INVALID_INPUT;
    }
    *program = created;
    return SUCCESS;
}

API int nvrtcDestroyProgram(Program** program) {
    if (program == nullptr || *program == nullptr) {
        return INVALID_PROGRAM;
    }
    delete *program;
    *program = nullptr;
    return SUCCESS;
}

API int nvrtcAddNameExpression(Program* program, const char* expression) {
    if (program == nullptr) {
        return INVALID_PROGRAM;
    }
    if (program->compiled) {
        return NO_NAME_EXPRESSIONS_AFTER_COMPILATION;
    }
    program->source.nameExpressions.emplace_back(expression);
    return SUCCESS;
}

/** Kernels of name expressions are registered under the expression, so it is its own lowered name. */
API int nvrtcGetLoweredName(Program* program, const char* expression, const char** lowered) {
    if (program == nullptr) {
        return INVALID_PROGRAM;
    }
    if (!program->compiled) {
        return NO_LOWERED_NAMES_BEFORE_COMPILATION;
    }
    for (const std::string& known : program->source.nameExpressions) {
        if (known == expression) {
            *lowered = known.c_str();
            return SUCCESS;
        }
    }
    return NAME_EXPRESSION_NOT_VALID;
}

API int nvrtcCompileProgram(Program* program, int count, const char* const* options) {
    if (program == nullptr) {
        return INVALID_PROGRAM;
    }
    program->log.clear();
    for (int i = 0; i < count; i++) {
        if (!readOption(program, count, options, &i)) {
            program->log = std::string("nvrtc: error: invalid or unsupported option: ") + options[i] + "\n";
            return INVALID_OPTION;
        }
    }
    try {
        return compileProgram(program);
    } catch (const std::exception& failure) {
        program->log += std::string("softcuda: ") + failure.what() + "\n";
        return INTERNAL_ERROR;
    }
}

API int nvrtcGetPTXSize(Program* program, size_t* size) {
    *size = program->ptx.size() + 1;
    return program->compiled ? SUCCESS : INVALID_PROGRAM;
}

API int nvrtcGetPTX(Program* program, char* ptx) {
    return program->compiled ? copyOut(program->ptx, ptx, true) : INVALID_PROGRAM;
}

/** 0 for a virtual architecture, of which NVRTC makes PTX only. */
API int nvrtcGetCUBINSize(Program* program, size_t* size) {
    *size = program->virtualArchitecture ? 0 : program->cubin.size();
    return program->compiled ? SUCCESS : INVALID_PROGRAM;
}

API int nvrtcGetCUBIN(Program* program, char* cubin) {
    bool available = program->compiled && !program->virtualArchitecture;
    return available ? copyOut(program->cubin, cubin, false) : INVALID_PROGRAM;
}

API int nvrtcGetProgramLogSize(Program* program, size_t* size) {
    *size = program->log.size() + 1;
    return SUCCESS;
}

API int nvrtcGetProgramLog(Program* program, char* log) {
    return copyOut(program->log, log, true);
}
