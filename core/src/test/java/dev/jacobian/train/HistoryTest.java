package dev.jacobian.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class HistoryTest {
    private static Map<String, Double> epoch(double loss, double accuracy) {
        Map<String, Double> measures = new LinkedHashMap<>();
        measures.put("loss", loss);
        measures.put("accuracy", accuracy);
        return measures;
    }

    @Test
    void keepsEachMeasureOfEachEpoch() {
        History history = new History();
        history.add(epoch(2.5, 0.25));
        history.add(epoch(1.25, 0.75));
        assertThat(history.epochs()).isEqualTo(2);
        assertThat(history.keys()).containsExactly("loss", "accuracy");
        assertThat(history.get("loss")).containsExactly(2.5, 1.25);
        assertThat(history.last("accuracy")).isEqualTo(0.75);
        assertThat(history.toMap()).containsEntry("accuracy", List.of(0.25, 0.75));
        assertThat(history).hasToString("epoch 1  loss 2.5000  accuracy 0.2500\nepoch 2  loss 1.2500  accuracy 0.7500");
    }

    @Test
    void namesWhatThereIs() {
        History history = new History();
        assertThat(history).hasToString("no epochs");
        assertThatThrownBy(() -> history.last("loss")).hasMessageContaining("no epoch was trained");
        history.add(epoch(1, 1));
        assertThatThrownBy(() -> history.get("val_loss")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'val_loss'").hasMessageContaining("[loss, accuracy]");
    }
}
