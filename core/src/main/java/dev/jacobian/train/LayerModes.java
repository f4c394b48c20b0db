package dev.jacobian.train;

import dev.jacobian.nn.Layer;
import java.util.ArrayList;
import java.util.List;

/** Which layers of a model are in training mode, to restore it: also where some were switched by themselves. */
final class LayerModes {
    private record LayerMode(Layer layer, boolean training) {}

    private final List<LayerMode> modes = new ArrayList<>();

    LayerModes(Layer model) {
        note(model);
    }

    private void note(Layer layer) {
        modes.add(new LayerMode(layer, layer.isTraining()));
        layer.children().values().forEach(this::note);
    }

    /** Parents come first, since they switch their children too. */
    void restore() {
        for (LayerMode mode : modes) {
            if (mode.training()) {
                mode.layer().train();
            } else {
                mode.layer().eval();
            }
        }
    }
}
