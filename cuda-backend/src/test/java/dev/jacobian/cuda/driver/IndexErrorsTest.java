package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.backend.IndexRangeException;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** An index that a kernel found out of range is thrown at the next wait, once. */
class IndexErrorsTest {
    private static final String KERNELS = """
            extern "C" __global__ void check(const int* index, int n, int limit, unsigned long long* slot, int* any) {
                int i = blockIdx.x * blockDim.x + threadIdx.x;
                if (i < n && (index[i] < 0 || index[i] >= limit)) {
                    atomicMin(slot, ((unsigned long long) i << 32) | (unsigned int) index[i]);
                    ((int*) slot)[2] = limit;
                    __threadfence();
                    *any = 1;
                }
            }
            """;
    private static CudaContext context;

    @BeforeAll
    static void open() {
        context = TestDevice.open(KERNELS);
    }

    private static void check(int slot, int limit, int... indices) {
        CudaBuffer buffer = TestDevice.upload(context, indices);
        context.launch(context.kernel("test", "check")).address(buffer.address()).i32(indices.length).i32(limit)
                .address(context.indexErrors().address(slot)).address(context.indexErrors().anyAddress())
                .run((indices.length + 31) / 32, 32, 0);
        context.free(buffer);
    }

    @Test
    void theFirstWrongIndexIsThrownOnce() {
        int[] indices = new int[100];
        indices[70] = 10;
        indices[41] = -5;
        indices[99] = 12;
        check(IndexErrors.SCATTER_ADD, 10, indices);
        assertThatThrownBy(context::synchronize).isInstanceOf(IndexRangeException.class)
                .hasMessage("scatterAdd: index -5 at element 41 out of range; expected 0..9");
        assertThatCode(context::synchronize).doesNotThrowAnyException();
    }

    @Test
    void aDownloadThrowsToo() {
        check(IndexErrors.GATHER, 3, 0, 1, 3);
        CudaBuffer buffer = TestDevice.upload(context, 1);
        assertThatThrownBy(() -> context.download(buffer, 0, MemorySegment.ofArray(new int[1])))
                .isInstanceOf(IndexRangeException.class)
                .hasMessage("gather: index 3 at element 2 out of range; expected 0..2");
        check(IndexErrors.CROSS_ENTROPY, 2, 7);
        assertThatThrownBy(context::synchronize).hasMessageStartingWith("crossEntropy: index 7 at element 0");
    }

    @Test
    void rightIndicesThrowNothing() {
        check(IndexErrors.GATHER, 3, 0, 1, 2);
        assertThatCode(context::synchronize).doesNotThrowAnyException();
    }
}
