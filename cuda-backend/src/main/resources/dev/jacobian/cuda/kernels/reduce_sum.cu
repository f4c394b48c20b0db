// Sums over any axes.
#include "reduce.cuh"

typedef Plain<Sum<float>, float> SumOfFloats;
// Wraps around, which signed sums in C++ do not.
typedef Plain<Sum<unsigned int>, unsigned int> SumOfInts;

REDUCE(sum_float32, SumOfFloats)
REDUCE(sum_int32, SumOfInts)
