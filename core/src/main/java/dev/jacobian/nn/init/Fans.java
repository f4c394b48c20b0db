package dev.jacobian.nn.init;

import dev.jacobian.backend.Shape;

/** The numbers of connections of a weight [out, in, receptive field…], and what initialisers make of them. */
final class Fans {
    private Fans() {}

    static long in(String operation, Shape shape) {
        check(operation, shape);
        return shape.dim(0) == 0 ? 0 : shape.size() / shape.dim(0);
    }

    static long out(String operation, Shape shape) {
        check(operation, shape);
        return shape.dim(1) == 0 ? 0 : shape.size() / shape.dim(1);
    }

    private static void check(String operation, Shape shape) {
        if (shape.rank() < 2) {
            throw new IllegalArgumentException(operation + ": shape " + shape
                    + ", expected at least two axes, [out, in, ...]; use uniform, normal or constant for biases");
        }
    }

    static double kaimingDeviation(String operation, Shape shape, double a, FanMode mode) {
        long fan = switch (mode) {
            case FAN_IN -> in(operation, shape);
            case FAN_OUT -> out(operation, shape);
        };
        return fan == 0 ? 0 : Math.sqrt(2 / ((1 + a * a) * fan));
    }

    static double xavierDeviation(String operation, Shape shape, double gain) {
        long fans = in(operation, shape) + out(operation, shape);
        return fans == 0 ? 0 : gain * Math.sqrt(2.0 / fans);
    }
}
