// The part of cuBLAS that multiplies matrices, on the software device. Matrices are column-major; types and compute
// types have cuBLAS's numbers. Products run in the handle's stream.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <set>
#include <mutex>

#include "cublas_product.h"

#define CUBLAS_API extern "C" __attribute__((visibility("default")))

extern "C" int softcuda_enqueue(void* stream, void (*function)(void*), void (*dispose)(void*), void* data);
extern "C" bool softcuda_usable(const void* pointer, size_t bytes, const char* function, const char* what);

namespace {

using namespace softcuda;

enum Status {
    SUCCESS = 0,
    NOT_INITIALIZED = 1,
    INVALID_VALUE = 7,
    EXECUTION_FAILED = 13,
    NOT_SUPPORTED = 15
};

enum DataType { FLOAT32 = 0, FLOAT64 = 1, FLOAT16 = 2, BFLOAT16 = 14 };

enum ComputeType {
    COMPUTE_16F = 64,
    COMPUTE_32F = 68,
    COMPUTE_32F_PEDANTIC = 69,
    COMPUTE_64F = 70,
    COMPUTE_64F_PEDANTIC = 71,
    COMPUTE_32F_FAST_16F = 74,
    COMPUTE_32F_FAST_16BF = 75,
    COMPUTE_32F_FAST_TF32 = 77
};

constexpr int TF32_MATH = 3;
constexpr int POINTERS_ON_DEVICE = 1;

struct Handle {
    void* stream = nullptr;
    int mathMode = 0;
    int pointerMode = 0;
    int atomicsMode = 0;
};

std::mutex handlesLock;
auto& handles = *new std::set<Handle*>;

bool known(Handle* handle) {
    std::lock_guard<std::mutex> guard(handlesLock);
    return handles.count(handle) != 0;
}

struct Matrix {
    const void* data;
    int type;
    long lead;              // elements from one column to the next
    long stride;            // elements from one matrix of a batch to the next
    long rows;
    long columns;

    size_t elementSize() const {
        return type == FLOAT64 ? 8 : type == FLOAT32 ? 4 : 2;
    }

    /** Bytes from the first element to the end of the last one of a batch. */
    size_t bytes(long batch) const {
        return size_t((batch - 1) * stride + (columns - 1) * lead + rows) * elementSize();
    }
};

/** C = alpha op(A) op(B) + beta C for each matrix of a batch. */
struct Product {
    const char* function;
    int transA, transB;
    long m, n, k;
    Matrix a, b, c;
    long batch;
    int compute;
    bool scalarsOnDevice;
    const void* alphaAddress;
    const void* betaAddress;
    double alpha = 0, beta = 0;
    Rounding rounding;

    bool inDouble() const {
        return compute == COMPUTE_64F || compute == COMPUTE_64F_PEDANTIC;
    }

    void readScalars() {
        alpha = inDouble() ? *static_cast<const double*>(alphaAddress) : *static_cast<const float*>(alphaAddress);
        beta = inDouble() ? *static_cast<const double*>(betaAddress) : *static_cast<const float*>(betaAddress);
    }
};

float fromBfloat16(uint16_t bits) {
    uint32_t wide = uint32_t(bits) << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

uint16_t toBfloat16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bool nan = (bits & 0x7fffffff) > 0x7f800000;
    return nan ? 0x7fff : uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

double load(const void* data, int type, long i) {
    switch (type) {
        case FLOAT32: return static_cast<const float*>(data)[i];
        case FLOAT64: return static_cast<const double*>(data)[i];
        case FLOAT16: return double(static_cast<const _Float16*>(data)[i]);
        default: return fromBfloat16(static_cast<const uint16_t*>(data)[i]);
    }
}

void store(void* data, int type, long i, double value) {
    switch (type) {
        case FLOAT32: static_cast<float*>(data)[i] = float(value); break;
        case FLOAT64: static_cast<double*>(data)[i] = value; break;
        case FLOAT16: static_cast<_Float16*>(data)[i] = _Float16(value); break;
        default: static_cast<uint16_t*>(data)[i] = toBfloat16(float(value)); break;
    }
}

const void* offset(const Matrix& matrix, long index) {
    return static_cast<const char*>(matrix.data) + size_t(index * matrix.stride) * matrix.elementSize();
}

/** Copies op(X) densely, column by column, as values of type T rounded as the compute type asks. */
template <class T>
void gather(const Product& p, const Matrix& matrix, bool transposed, long index, T* dense) {
    const void* data = offset(matrix, index);
    long rows = transposed ? matrix.columns : matrix.rows;
    long columns = transposed ? matrix.rows : matrix.columns;
    long rowStep = transposed ? matrix.lead : 1;
    long columnStep = transposed ? 1 : matrix.lead;
    for (long j = 0; j < columns; j++) {
        T* out = dense + j * rows;
        if (matrix.type == FLOAT32) {
            const float* in = static_cast<const float*>(data) + j * columnStep;
            for (long i = 0; i < rows; i++) {
                out[i] = T(in[i * rowStep]);
            }
        } else {
            for (long i = 0; i < rows; i++) {
                out[i] = T(load(data, matrix.type, i * rowStep + j * columnStep));
            }
        }
    }
    if (p.rounding != Rounding::NONE) {
        round(reinterpret_cast<float*>(dense), size_t(rows * columns), p.rounding);
    }
}

template <class T>
void multiply(const Product& p, long index, T* a, T* b, T* c) {
    if (p.k > 0) {
        gather(p, p.a, p.transA != 0, index, a);
        gather(p, p.b, p.transB != 0, index, b);
    }
    product(p.m, p.n, p.k, a, b, c);
    void* target = const_cast<void*>(offset(p.c, index));
    T alpha = T(p.alpha);
    T beta = T(p.beta);
    for (long j = 0; j < p.n; j++) {
        for (long i = 0; i < p.m; i++) {
            long at = j * p.c.lead + i;
            T value = alpha * c[j * p.m + i];
            // beta zero overwrites C: what was there, a NaN included, is not read
            store(target, p.c.type, at, double(beta == T(0) ? value : value + beta * T(load(target, p.c.type, at))));
        }
    }
}

template <class T>
void multiplyAll(const Product& p) {
    T* scratch = static_cast<T*>(malloc(sizeof(T) * size_t(p.m * p.k + p.k * p.n + p.m * p.n + 1)));
    for (long index = 0; index < p.batch; index++) {
        multiply(p, index, scratch, scratch + p.m * p.k, scratch + p.m * p.k + p.k * p.n);
    }
    free(scratch);
}

/** What the stream runs. */
void execute(void* data) {
    Product& p = *static_cast<Product*>(data);
    auto usable = [&](const void* data, size_t bytes, const char* what) {
        return softcuda_usable(data, bytes, p.function, what);
    };
    if (p.scalarsOnDevice) {
        size_t bytes = p.inDouble() ? sizeof(double) : sizeof(float);
        if (!usable(p.alphaAddress, bytes, "alpha") || !usable(p.betaAddress, bytes, "beta")) {
            return;
        }
        p.readScalars();
    }
    bool readable = p.k == 0
            || (usable(p.a.data, p.a.bytes(p.batch), "A") && usable(p.b.data, p.b.bytes(p.batch), "B"));
    if (!readable || !usable(p.c.data, p.c.bytes(p.batch), "C")) {
        return;
    }
    if (p.inDouble()) {
        multiplyAll<double>(p);
    } else {
        multiplyAll<float>(p);
    }
}

bool supportedTypes(const Product& p) {
    auto isHalf = [](int type) { return type == FLOAT16 || type == BFLOAT16; };
    if (p.inDouble()) {
        return p.a.type == FLOAT64 && p.b.type == FLOAT64 && p.c.type == FLOAT64;
    }
    bool fast = p.compute == COMPUTE_32F_FAST_16F || p.compute == COMPUTE_32F_FAST_16BF
            || p.compute == COMPUTE_32F_FAST_TF32;
    if (p.a.type == FLOAT32) {
        return p.b.type == FLOAT32 && p.c.type == FLOAT32
                && (fast || p.compute == COMPUTE_32F || p.compute == COMPUTE_32F_PEDANTIC);
    }
    return isHalf(p.a.type) && p.b.type == p.a.type && (p.c.type == FLOAT32 || p.c.type == p.a.type)
            && (p.compute == COMPUTE_32F || p.compute == COMPUTE_32F_PEDANTIC);
}

Rounding roundingOf(const Product& p, int mathMode) {
    if (p.a.type != FLOAT32) {
        return Rounding::NONE;
    }
    switch (p.compute) {
        case COMPUTE_32F: return (mathMode & 15) == TF32_MATH ? Rounding::TF32 : Rounding::NONE;
        case COMPUTE_32F_FAST_TF32: return Rounding::TF32;
        case COMPUTE_32F_FAST_16BF: return Rounding::BFLOAT16;
        case COMPUTE_32F_FAST_16F: return Rounding::FLOAT16;
        default: return Rounding::NONE;
    }
}

int submit(Handle* handle, Product p) {
    if (!known(handle)) {
        return NOT_INITIALIZED;
    }
    auto lead = [](const Matrix& matrix) { return matrix.lead >= std::max(1L, matrix.rows); };
    if (p.m < 0 || p.n < 0 || p.k < 0 || p.batch < 0 || p.transA < 0 || p.transA > 2 || p.transB < 0 || p.transB > 2
            || !lead(p.a) || !lead(p.b) || !lead(p.c) || p.alphaAddress == nullptr || p.betaAddress == nullptr) {
        return INVALID_VALUE;
    }
    if (!supportedTypes(p)) {
        return NOT_SUPPORTED;
    }
    if (p.m == 0 || p.n == 0 || p.batch == 0) {
        return SUCCESS;
    }
    p.scalarsOnDevice = handle->pointerMode == POINTERS_ON_DEVICE;
    if (!p.scalarsOnDevice) {
        p.readScalars();
    }
    p.rounding = roundingOf(p, handle->mathMode);
    auto dispose = [](void* data) { delete static_cast<Product*>(data); };
    return softcuda_enqueue(handle->stream, execute, dispose, new Product(p)) == 0 ? SUCCESS : EXECUTION_FAILED;
}

struct Sides {
    int transA, transB;
    long m, n, k;
};

Product describe(const char* function, Sides s, const void* alpha, const void* a, int typeA, long leadA, long strideA,
                 const void* b, int typeB, long leadB, long strideB, const void* beta, void* c, int typeC, long leadC,
                 long strideC, long batch, int compute) {
    Product p = {};
    p.function = function;
    p.transA = s.transA;
    p.transB = s.transB;
    p.m = s.m;
    p.n = s.n;
    p.k = s.k;
    p.a = {a, typeA, leadA, strideA, s.transA ? s.k : s.m, s.transA ? s.m : s.k};
    p.b = {b, typeB, leadB, strideB, s.transB ? s.n : s.k, s.transB ? s.k : s.n};
    p.c = {c, typeC, leadC, strideC, s.m, s.n};
    p.batch = batch;
    p.compute = compute;
    p.alphaAddress = alpha;
    p.betaAddress = beta;
    return p;
}

}

// ---- handles ----

CUBLAS_API int cublasCreate_v2(Handle** handle) {
    std::lock_guard<std::mutex> guard(handlesLock);
    *handle = *handles.insert(new Handle).first;
    return SUCCESS;
}

CUBLAS_API int cublasDestroy_v2(Handle* handle) {
    std::lock_guard<std::mutex> guard(handlesLock);
    if (handles.erase(handle) == 0) {
        return NOT_INITIALIZED;
    }
    delete handle;
    return SUCCESS;
}

CUBLAS_API int cublasGetVersion_v2(Handle*, int* version) {
    *version = SOFTCUDA_CUBLAS_VERSION;
    return SUCCESS;
}

CUBLAS_API int cublasGetProperty(int property, int* value) {
    constexpr int parts[] = {SOFTCUDA_CUBLAS_VERSION / 10000, SOFTCUDA_CUBLAS_VERSION / 100 % 100,
                             SOFTCUDA_CUBLAS_VERSION % 100};
    *value = property >= 0 && property < 3 ? parts[property] : 0;
    return property >= 0 && property < 3 ? SUCCESS : INVALID_VALUE;
}

CUBLAS_API const char* cublasGetStatusName(int status) {
    switch (status) {
        case SUCCESS: return "CUBLAS_STATUS_SUCCESS";
        case NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
        case INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
        case EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
        case NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
        default: return "unknown status";
    }
}

CUBLAS_API const char* cublasGetStatusString(int status) {
    return cublasGetStatusName(status);
}

CUBLAS_API int cublasSetWorkspace_v2(Handle* handle, void*, size_t) {
    return known(handle) ? SUCCESS : NOT_INITIALIZED;
}

#define SOFTCUDA_PROPERTY(setter, getter, type, field)                                                                 \
    CUBLAS_API int setter(Handle* handle, type value) {                                                                \
        if (!known(handle)) {                                                                                          \
            return NOT_INITIALIZED;                                                                                    \
        }                                                                                                              \
        handle->field = value;                                                                                         \
        return SUCCESS;                                                                                                \
    }                                                                                                                  \
    CUBLAS_API int getter(Handle* handle, type* value) {                                                               \
        if (!known(handle)) {                                                                                          \
            return NOT_INITIALIZED;                                                                                    \
        }                                                                                                              \
        *value = handle->field;                                                                                        \
        return SUCCESS;                                                                                                \
    }

SOFTCUDA_PROPERTY(cublasSetStream_v2, cublasGetStream_v2, void*, stream)
SOFTCUDA_PROPERTY(cublasSetMathMode, cublasGetMathMode, int, mathMode)
SOFTCUDA_PROPERTY(cublasSetPointerMode_v2, cublasGetPointerMode_v2, int, pointerMode)
SOFTCUDA_PROPERTY(cublasSetAtomicsMode, cublasGetAtomicsMode, int, atomicsMode)

// ---- products ----

CUBLAS_API int cublasSgemm_v2(Handle* handle, int transA, int transB, int m, int n, int k, const void* alpha,
                              const void* a, int leadA, const void* b, int leadB, const void* beta, void* c,
                              int leadC) {
    return submit(handle, describe(__func__, {transA, transB, m, n, k}, alpha, a, FLOAT32, leadA, 0, b, FLOAT32, leadB,
                                   0, beta, c, FLOAT32, leadC, 0, 1, COMPUTE_32F));
}

CUBLAS_API int cublasDgemm_v2(Handle* handle, int transA, int transB, int m, int n, int k, const void* alpha,
                              const void* a, int leadA, const void* b, int leadB, const void* beta, void* c,
                              int leadC) {
    return submit(handle, describe(__func__, {transA, transB, m, n, k}, alpha, a, FLOAT64, leadA, 0, b, FLOAT64, leadB,
                                   0, beta, c, FLOAT64, leadC, 0, 1, COMPUTE_64F));
}

CUBLAS_API int cublasSgemmStridedBatched(Handle* handle, int transA, int transB, int m, int n, int k,
                                         const void* alpha, const void* a, int leadA, long long strideA, const void* b,
                                         int leadB, long long strideB, const void* beta, void* c, int leadC,
                                         long long strideC, int batch) {
    return submit(handle, describe(__func__, {transA, transB, m, n, k}, alpha, a, FLOAT32, leadA, strideA, b, FLOAT32,
                                   leadB, strideB, beta, c, FLOAT32, leadC, strideC, batch, COMPUTE_32F));
}

CUBLAS_API int cublasGemmEx(Handle* handle, int transA, int transB, int m, int n, int k, const void* alpha,
                            const void* a, int typeA, int leadA, const void* b, int typeB, int leadB, const void* beta,
                            void* c, int typeC, int leadC, int compute, int) {
    return submit(handle, describe(__func__, {transA, transB, m, n, k}, alpha, a, typeA, leadA, 0, b, typeB, leadB, 0,
                                   beta, c, typeC, leadC, 0, 1, compute));
}

CUBLAS_API int cublasGemmStridedBatchedEx(Handle* handle, int transA, int transB, int m, int n, int k,
                                          const void* alpha, const void* a, int typeA, int leadA, long long strideA,
                                          const void* b, int typeB, int leadB, long long strideB, const void* beta,
                                          void* c, int typeC, int leadC, long long strideC, int batch, int compute,
                                          int) {
    return submit(handle, describe(__func__, {transA, transB, m, n, k}, alpha, a, typeA, leadA, strideA, b, typeB,
                                   leadB, strideB, beta, c, typeC, leadC, strideC, batch, compute));
}
