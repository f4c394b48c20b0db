// Steps of the optimisers over many parameters at once. A launch has a table of tensors in its parameter space; every
// block finds the tensor that its chunk of elements belongs to.

// As in CudaOptimizers: with the other arguments, the table stays below the 4096 bytes that every device accepts.
constexpr int MAX_TENSORS = 80;
constexpr int CHUNK = 4096;

struct Tensor {
    float* parameter;
    const float* gradient;
    // The velocity, or Adam's moments; null where there is none.
    float* first;
    float* second;
    long long size;
    // How many chunks the tensors before it have.
    long long chunks;
};

struct Table {
    long long count;
    Tensor tensors[MAX_TENSORS];
};

// The last tensor whose chunks begin at this block or before.
static __device__ __forceinline__ int tensorOf(const Table& table, long long block) {
    int low = 0;
    int high = (int) table.count - 1;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (table.tensors[middle].chunks <= block) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

static __device__ __forceinline__ bool areAligned(const Tensor& t) {
    unsigned long long bits = (unsigned long long) t.parameter | (unsigned long long) t.gradient |
                              (unsigned long long) t.first | (unsigned long long) t.second;
    return bits % 16 == 0;
}

// Calls step(parameter, gradient, first, second) for every element of the block's chunk; the state that STATES says
// there is, and the parameter, are written back.
template <int STATES, typename Step>
static __device__ __forceinline__ void update(const Table& table, const Step& step) {
    const Tensor& tensor = table.tensors[tensorOf(table, blockIdx.x)];
    long long begin = (blockIdx.x - tensor.chunks) * CHUNK;
    long long rest = tensor.size - begin;
    int n = rest < CHUNK ? (int) rest : CHUNK;
    float* p = tensor.parameter + begin;
    const float* g = tensor.gradient + begin;
    float* a = tensor.first + (STATES > 0 ? begin : 0);
    float* b = tensor.second + (STATES > 1 ? begin : 0);
    int whole = areAligned(tensor) ? n / 4 : 0;
    for (int i = threadIdx.x; i < whole; i += blockDim.x) {
        float4 parameter = reinterpret_cast<float4*>(p)[i];
        float4 gradient = reinterpret_cast<const float4*>(g)[i];
        float4 first = STATES > 0 ? reinterpret_cast<float4*>(a)[i] : parameter;
        float4 second = STATES > 1 ? reinterpret_cast<float4*>(b)[i] : parameter;
        step(parameter.x, gradient.x, first.x, second.x);
        step(parameter.y, gradient.y, first.y, second.y);
        step(parameter.z, gradient.z, first.z, second.z);
        step(parameter.w, gradient.w, first.w, second.w);
        reinterpret_cast<float4*>(p)[i] = parameter;
        if (STATES > 0) {
            reinterpret_cast<float4*>(a)[i] = first;
        }
        if (STATES > 1) {
            reinterpret_cast<float4*>(b)[i] = second;
        }
    }
    for (int i = 4 * whole + threadIdx.x; i < n; i += blockDim.x) {
        float parameter = p[i];
        float first = STATES > 0 ? a[i] : 0.0f;
        float second = STATES > 1 ? b[i] : 0.0f;
        step(parameter, g[i], first, second);
        p[i] = parameter;
        if (STATES > 0) {
            a[i] = first;
        }
        if (STATES > 1) {
            b[i] = second;
        }
    }
}

struct Sgd {
    float lr;
    float scale;
    float decay;

    __device__ __forceinline__ void operator()(float& p, float gradient, float&, float&) const {
        float g = scale * gradient + decay * p;
        p -= lr * g;
    }
};

template <bool NESTEROV>
struct Momentum {
    float lr;
    float scale;
    float decay;
    float momentum;

    __device__ __forceinline__ void operator()(float& p, float gradient, float& velocity, float&) const {
        float g = scale * gradient + decay * p;
        velocity = momentum * velocity + g;
        p -= lr * (NESTEROV ? g + momentum * velocity : velocity);
    }
};

// scalars: lr, scale.
extern "C" __global__ void optimizers_sgd_f32(const float* scalars, float decay, Table table) {
    update<0>(table, Sgd{scalars[0], scalars[1], decay});
}

extern "C" __global__ void optimizers_momentum_f32(const float* scalars, float decay, float momentum, Table table) {
    update<1>(table, Momentum<false>{scalars[0], scalars[1], decay, momentum});
}

extern "C" __global__ void optimizers_nesterov_f32(const float* scalars, float decay, float momentum, Table table) {
    update<1>(table, Momentum<true>{scalars[0], scalars[1], decay, momentum});
}

// What an Adam step has fixed. beta3 and beta4 are 1 - beta1 and 1 - beta2, rounded once.
struct Betas {
    float beta1;
    float beta2;
    float beta3;
    float beta4;
};

struct Adam {
    Betas betas;
    float epsilon;
    float scale;
    // Of the gradient, and the factor of the parameter where the decay is decoupled.
    float decay;
    float kept;
    float rate;
    float root;

    __device__ __forceinline__ void operator()(float& p, float gradient, float& m, float& v) const {
        float g = scale * gradient + decay * p;
        m = betas.beta1 * m + betas.beta3 * g;
        v = betas.beta2 * v + betas.beta4 * (g * g);
        p = p * kept - rate * m / (sqrtf(v) / root + epsilon);
    }
};

// scalars: lr, scale, 1 - beta1^t, 1 - beta2^t. One of decay and decoupledDecay is 0.
extern "C" __global__ void optimizers_adam_f32(const float* scalars, Betas betas, float epsilon, float decay,
                                               float decoupledDecay, Table table) {
    float lr = scalars[0];
    update<2>(table, Adam{betas, epsilon, scalars[1], decay, fmaf(-lr, decoupledDecay, 1.0f), lr / scalars[2],
                          sqrtf(scalars[3])});
}
