// Included before every kernel source: the part of CUDA C++ that NVRTC has built in, as host C++ for g++.
// The words __global__, __shared__ and __launch_bounds__ are rewritten by nvrtc_source.cpp, so they are no macros here.
#pragma once

#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __restrict__ __restrict
#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
#define __CUDACC_VER_MAJOR__ 12
#define __CUDACC_VER_MINOR__ 6
#define assert(condition) ((condition) ? (void) 0 : softcuda_assert_failed(#condition, __FILE__, __LINE__))

#include "softcuda_abi.h"
#include "softcuda_types.h"
#include "softcuda_math.h"
#include "softcuda_integer.h"
#include "softcuda_sync.h"
#include "softcuda_atomic.h"
#include "softcuda_launch.h"
