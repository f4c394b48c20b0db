package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.DeviceException;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Arguments of every type reach the kernel as they were given. */
class LaunchTest {
    private static final String KERNELS = """
            struct Inner { int a; long long b; float c; };
            struct Four { int x, y, z; };
            struct alignas(16) Wide { float v[4]; int w; };

            extern "C" __global__ void scalars(int a, long long b, float c, int d, const int* p, const int* q,
                    long long* out) {
                if (threadIdx.x == 0) {
                    out[0] = a; out[1] = b; out[2] = (long long) (c * 4); out[3] = d; out[4] = p[0]; out[5] = q == 0;
                }
            }

            extern "C" __global__ void structs(int before, Inner s, float middle, Four t, Wide u, int after,
                    long long* out) {
                if (threadIdx.x == 0) {
                    out[0] = before; out[1] = s.a; out[2] = s.b; out[3] = (long long) s.c; out[4] = (long long) middle;
                    out[5] = t.x; out[6] = t.y; out[7] = t.z; out[8] = (long long) u.v[3]; out[9] = u.w;
                    out[10] = after;
                }
            }

            extern "C" __global__ void where(int* out) {
                if (threadIdx.x == 0) {
                    out[(blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x] =
                            (int) (blockIdx.x + 10 * blockIdx.y + 100 * blockIdx.z + 1000 * blockDim.x);
                }
            }

            extern "C" __global__ void turn_around(float* x, int n) {
                extern __shared__ float turned[];
                for (int i = threadIdx.x; i < n; i += blockDim.x) {
                    turned[n - 1 - i] = x[i];
                }
                __syncthreads();
                for (int i = threadIdx.x; i < n; i += blockDim.x) {
                    x[i] = turned[i];
                }
            }

            extern "C" __global__ void count(int* x) {
                if (threadIdx.x == 0) {
                    atomicAdd(x, 1);
                }
            }
            """;
    private static CudaContext context;

    @BeforeAll
    static void open() {
        context = TestDevice.open(KERNELS);
    }

    private static long[] longs(CudaBuffer buffer) {
        long[] values = new long[(int) (buffer.bytes() / 8)];
        context.download(buffer, 0, MemorySegment.ofArray(values));
        return values;
    }

    @Test
    void numbersAndPointers() {
        CudaBuffer in = TestDevice.upload(context, 5, 6, 7);
        CudaBuffer out = context.allocate(48);
        View third = new View(in, DType.INT32, Shape.of(1), new long[] {1}, 2);
        context.launch(context.kernel("test", "scalars")).i32(-3).i64(-(1L << 40)).f32(0.75f).i32(Integer.MAX_VALUE)
                .pointer(third).pointer(null).address(out.address()).run(1, 32, 0);
        assertThat(longs(out)).containsExactly(-3, -(1L << 40), 3, Integer.MAX_VALUE, 7, 1);
    }

    @Test
    void structsByValue() {
        CudaBuffer out = context.allocate(88);
        context.launch(context.kernel("test", "structs")).i32(1).open(8).i32(2).i64(1L << 35).f32(4).close().f32(5)
                .open(4).i32(6).i32(7).i32(8).close().open(16).f32(0).f32(0).f32(0).f32(9).i32(10).close().i32(11)
                .address(out.address()).run(1, 32, 0);
        assertThat(longs(out)).containsExactly(1, 2, 1L << 35, 4, 5, 6, 7, 8, 9, 10, 11);
    }

    @Test
    void gridsOfThreeDimensions() {
        CudaBuffer out = context.allocate(4 * 3 * 2 * 2);
        context.launch(context.kernel("test", "where")).address(out.address()).run(3, 2, 2, 32, 0);
        assertThat(TestDevice.ints(context, out)).containsExactly(32000, 32001, 32002, 32010, 32011, 32012, 32100,
                32101, 32102, 32110, 32111, 32112);
    }

    @Test
    void noBlocksAreNoLaunch() {
        CudaBuffer count = TestDevice.upload(context, 0);
        Kernel kernel = context.kernel("test", "count");
        context.launch(kernel).address(count.address()).run(0L, 32, 0);
        context.launch(kernel).address(count.address()).run(3, 0, 1, 32, 0);
        context.launch(kernel).address(count.address()).run(2L, 32, 0);
        assertThat(TestDevice.ints(context, count)).containsExactly(2);
    }

    @Test
    void sharedMemoryBeyondWhatNeedsNoAsking() {
        int n = 50_000 / 4;
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = i;
        }
        CudaBuffer x = TestDevice.upload(context, values);
        context.launch(context.kernel("test", "turn_around")).address(x.address()).i32(n).run(1, 256, 4 * n);
        float[] back = TestDevice.floats(context, x);
        for (int i = 0; i < n; i++) {
            assertThat(back[i]).isEqualTo(n - 1 - i);
        }
    }

    @Test
    void whatTheDriverRefusesNamesTheKernel() {
        CudaBuffer x = TestDevice.upload(context, 0);
        Kernel count = context.kernel("test", "count");
        assertThatThrownBy(() -> context.launch(count).address(x.address()).run(1L, 4096, 0))
                .isInstanceOf(DeviceException.class).hasMessageContaining("cuda:0: launch of count (1 x 1 x 1 blocks")
                .hasMessageContaining("CUDA_ERROR_INVALID_VALUE");
        assertThatThrownBy(() -> context.launch(count).address(x.address()).run(1L, 32, 1 << 30))
                .isInstanceOf(DeviceException.class).hasMessageContaining("kernel count with 1073741824 bytes");
        assertThatThrownBy(() -> context.launch(context.kernel("test", "missing")).run(1L, 32, 0))
                .isInstanceOf(DeviceException.class).hasMessageContaining("test.cu has no kernel missing");
        assertThatThrownBy(() -> context.launch(context.kernel("other", "count")).run(1L, 32, 0))
                .isInstanceOf(DeviceException.class).hasMessageContaining("kernel file other.cu is missing");
        context.launch(count).address(x.address()).run(1L, 32, 0);
        assertThat(TestDevice.ints(context, x)).containsExactly(1);
    }

    @Test
    void misuseIsAnError() {
        Kernel count = context.kernel("test", "count");
        assertThatThrownBy(() -> context.launch(count).run(1L << 31, 32, 0))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("2147483648 blocks");
        assertThatThrownBy(() -> context.launch(count).open(8).run(1L, 32, 0))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("launch count: open without close");
        assertThatThrownBy(() -> context.launch(count).close()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> context.launch(count).open(3)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> context.launch(count).open(8).open(8)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> {
            Launch launch = context.launch(count);
            for (int i = 0; i < 1_000; i++) {
                launch.i64(i);
            }
        }).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
