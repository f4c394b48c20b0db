// Turns preprocessed CUDA C++ into host C++.
#pragma once

#include <string>
#include <vector>

namespace softcuda {

/**
 * Rewrites what no macro can express and registers every kernel that is defined in the text:
 *
 *   __global__, __launch_bounds__(n)    removed; after the kernel's body comes an object that registers it
 *   __shared__ T name[8];               thread_local T name[8];
 *   extern __shared__ T name[];         T* name = (T*) softcuda_dynamic_shared();
 *
 * Works on preprocessed text, so kernels that macros define are seen. Line numbers stay as they are. Appends one
 * registration per name expression (an instance of a kernel template), and the path and the stamp of the shared object.
 */
std::string toHostSource(const std::string& preprocessed, const std::vector<std::string>& nameExpressions,
                         const std::string& path, const std::string& stamp);

}
