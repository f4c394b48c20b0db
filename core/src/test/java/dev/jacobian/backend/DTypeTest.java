package dev.jacobian.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class DTypeTest {
    @Test
    void promotesToTheLaterOfTheRisingOrder() {
        List<DType> rising = List.of(DType.BOOL, DType.INT32, DType.FLOAT32, DType.FLOAT64);
        assertThat(rising).containsExactlyInAnyOrder(DType.values());
        for (int i = 0; i < rising.size(); i++) {
            for (int j = 0; j < rising.size(); j++) {
                assertThat(DType.promote(rising.get(i), rising.get(j))).isEqualTo(rising.get(Math.max(i, j)));
            }
        }
    }

    @Test
    void knowsSizesKindsAndNames() {
        assertThat(DType.values()).extracting(DType::bytes).containsExactly(4, 8, 4, 1);
        assertThat(DType.values()).extracting(DType::isFloating).containsExactly(true, true, false, false);
        assertThat(DType.values()).extracting(DType::toString).containsExactly("float32", "float64", "int32", "bool");
    }
}
