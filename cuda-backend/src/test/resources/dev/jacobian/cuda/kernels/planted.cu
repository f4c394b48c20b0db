// Kernels with one fault each, which the software device must find, beside sound ones, which it must let pass.

constexpr int TILE = 64;

/** Each element becomes its neighbour's, by way of shared memory; blocks of n threads, at most 64. */
extern "C" __global__ void rotate_sound(float* x, int n) {
    __shared__ float tile[TILE];
    int i = threadIdx.x;
    tile[i] = x[i];
    __syncthreads();
    x[i] = tile[(i + 1) % n];
}

extern "C" __global__ void rotate_without_barrier(float* x, int n) {
    __shared__ float tile[TILE];
    int i = threadIdx.x;
    tile[i] = x[i];
    x[i] = tile[(i + 1) % n];
}

/** A sum in which the last round's barrier is missing, which no result shows where lanes run together. */
extern "C" __global__ void sum_without_last_barrier(float* x, int n) {
    __shared__ float tile[TILE];
    int i = threadIdx.x;
    tile[i] = x[i];
    __syncthreads();
    for (int half = n / 2; half > 0; half /= 2) {
        if (i < half) {
            tile[i] += tile[i + half];
        }
        if (half > 1) {
            __syncthreads();
        }
    }
    if (i == 1) {
        x[0] = tile[0];
    }
}

extern "C" __global__ void blocks_write_the_same(float* x, int n) {
    if (static_cast<int>(threadIdx.x) < n) {
        x[threadIdx.x] = static_cast<float>(blockIdx.x);
    }
}

/** The guard should say "<". */
extern "C" __global__ void guard_too_wide(float* x, int n) {
    int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i <= n) {
        x[i] = 1;
    }
}

/** Thread 5 of block 2 writes byte n. */
extern "C" __global__ void write_byte(char* x, int n) {
    if (blockIdx.x == 2 && threadIdx.x == 5) {
        x[n] = 1;
    }
}

extern "C" __global__ void past_the_tile(float* x, int n) {
    __shared__ float tile[TILE];
    int i = threadIdx.x;
    tile[i] = 0;
    __syncthreads();
    if (i == 7) {
        tile[i + n] = x[i];
    }
    __syncthreads();
    x[i] = tile[i];
}

extern "C" __global__ void past_dynamic_memory(float* x, int n) {
    extern __shared__ float dynamic[];
    int i = threadIdx.x;
    dynamic[i] = x[i];
    __syncthreads();
    if (i == 7) {
        dynamic[n] = 1;
    }
}

/** Four floats at once from element n, which must be a multiple of 4. */
extern "C" __global__ void four_at_once(float* x, int n) {
    if (threadIdx.x == 3) {
        float4 v = *reinterpret_cast<float4*>(x + n);
        x[0] = v.x + v.w;
    }
}

/** Half of a warp waits for the block, the other for the warp. */
extern "C" __global__ void wait_for_each_other(float* x, int n) {
    if (static_cast<int>(threadIdx.x) < n) {
        __syncthreads();
    } else {
        __syncwarp(0xffffffffu);
    }
    x[threadIdx.x] = 1;
}

extern "C" __global__ void barriers_of_two_branches(float* x, int n) {
    if (static_cast<int>(threadIdx.x) < n) {
        x[threadIdx.x] = 1;
        __syncthreads();
    } else {
        x[threadIdx.x] = 2;
        __syncthreads();
    }
}

/** Lane n is not among those it names. */
extern "C" __global__ void lane_outside_its_mask(float* x, int n) {
    if (static_cast<int>(threadIdx.x) == n) {
        x[0] = __shfl_sync(0x0000ffffu, x[0], 0);
    }
}

extern "C" __global__ void divide(int* x, int n) {
    if (threadIdx.x == 9) {
        x[0] = x[1] / n;
    }
}

extern "C" __global__ void shift(int* x, int n) {
    if (threadIdx.x == 9) {
        x[0] = x[1] << n;
    }
}

/** An index of more than 31 bits. */
extern "C" __global__ void multiply(int* x, int n) {
    if (threadIdx.x == 9) {
        x[0] = n * n;
    }
}

/** To y goes what nobody wrote: an element of shared memory, and one of x. */
extern "C" __global__ void read_unwritten(const float* x, float* y) {
    __shared__ float tile[TILE];
    if (threadIdx.x == 0) {
        tile[0] = 1;
        y[0] = tile[1];
        y[1] = x[0];
    }
}

extern "C" __global__ void __launch_bounds__(64) small_blocks(float* x, int n) {
    if (static_cast<int>(threadIdx.x) < n) {
        x[threadIdx.x] = 1;
    }
}
