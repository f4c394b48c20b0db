package dev.jacobian.nn;

import java.io.Serial;

/**
 * An argument that does not fit, in the computation of a layer: the message names the layer, the cause is what was wrong.
 * Beside an exception of a more special type, it only says in which layer that one was thrown.
 */
public final class LayerArgumentException extends IllegalArgumentException {
    @Serial
    private static final long serialVersionUID = 1;

    LayerArgumentException(String message, IllegalArgumentException cause) {
        super(message, cause);
    }
}
