package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Scratch memory is handed out again, never twice at once. */
class ScratchPoolTest {
    @Test
    void classesHoldWhatIsAskedAndWasteLittle() {
        for (long bytes = 0; bytes < 1L << 40; bytes += 1 + bytes / 7) {
            long got = ScratchPool.bytes(ScratchPool.sizeClass(bytes));
            assertThat(got).isGreaterThanOrEqualTo(bytes).isLessThanOrEqualTo(Math.max(1024, bytes + bytes / 4 + 1));
            assertThat(got % 256).isZero();
            assertThat(ScratchPool.sizeClass(got)).isEqualTo(ScratchPool.sizeClass(bytes));
        }
    }

    @Test
    void whatIsClosedComesBack() {
        CudaContext context = TestDevice.open("");
        long first;
        try (Scratch scratch = context.scratch(5000)) {
            first = scratch.address();
            try (Scratch other = context.scratch(5000)) {
                assertThat(other.address()).isNotEqualTo(first);
            }
        }
        try (Scratch again = context.scratch(5001)) {
            assertThat(again.address()).isEqualTo(first);
        }
        Scratch closedTwice = context.scratch(5000);
        closedTwice.close();
        closedTwice.close();
        try (Scratch a = context.scratch(5000); Scratch b = context.scratch(5000)) {
            assertThat(a.address()).isNotEqualTo(b.address());
        }
        assertThatThrownBy(() -> context.scratch(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void fullMemoryTakesBackWhatIsFree() {
        CudaContext context = TestDevice.open("");
        context.synchronize();
        long before = context.freeBytes();
        context.scratch(100 << 20).close();
        context.synchronize();
        assertThat(context.freeBytes()).isLessThanOrEqualTo(before - (100 << 20));
        assertThatThrownBy(() -> context.allocate(1L << 46)).isInstanceOf(OutOfMemoryError.class);
        assertThat(context.freeBytes()).isGreaterThanOrEqualTo(before);
    }
}
