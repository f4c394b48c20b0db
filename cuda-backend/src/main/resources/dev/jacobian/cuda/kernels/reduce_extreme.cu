// The largest and the smallest over any axes.
#include "reduce.cuh"

typedef Plain<Max<float>, float> MaxOfFloats;
typedef Plain<Max<int>, int> MaxOfInts;
typedef Plain<Min<float>, float> MinOfFloats;
typedef Plain<Min<int>, int> MinOfInts;

REDUCE(max_float32, MaxOfFloats)
REDUCE(max_int32, MaxOfInts)
REDUCE(min_float32, MinOfFloats)
REDUCE(min_int32, MinOfInts)
