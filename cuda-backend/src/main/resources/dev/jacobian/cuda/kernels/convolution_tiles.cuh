// Two-dimensional convolution and both of its gradients as products of matrices that are never built: a block computes
// a tile of the result, and gathers the tiles of its operands from the images as it goes. Each element is one sum in
// ascending order of the terms, so the size of the tile does not change a bit.
#pragma once
#include "convolution.cuh"
#include "tile.cuh"

// As in CudaConv2d.
typedef Tile<128, 128, 8, 8, 8> Large;
typedef Tile<64, 128, 8, 8, 8> Middle;
typedef Tile<32, 64, 16, 4, 4> Small;

// As many blocks a multiprocessor as leave 128 registers to a thread.
#define TILE_KERNEL(T) extern "C" __global__ void __launch_bounds__(T::THREADS, 512 / T::THREADS)

// A coordinate that no sum with another brings back into an image.
constexpr int FAR_AWAY = -(1 << 30);

// What one term of the sums is: a distance in the source, in elements and in coordinates, and a place in the weight.
struct Tap {
    int source;
    int row;
    int column;
    int weight;
};
