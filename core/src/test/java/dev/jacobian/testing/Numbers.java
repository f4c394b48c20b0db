package dev.jacobian.testing;

import dev.jacobian.backend.DType;
import dev.jacobian.tensor.Tensor;

/** Elements as doubles, which hold those of every type, and back. */
final class Numbers {
    private Numbers() {}

    static float[] floats(double... values) {
        float[] converted = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            converted[i] = (float) values[i];
        }
        return converted;
    }

    static int[] ints(double... values) {
        int[] converted = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            converted[i] = (int) values[i];
        }
        return converted;
    }

    static boolean[] booleans(double... values) {
        boolean[] converted = new boolean[values.length];
        for (int i = 0; i < values.length; i++) {
            converted[i] = values[i] != 0;
        }
        return converted;
    }

    static double[] magnitudes(double... values) {
        double[] magnitudes = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            magnitudes[i] = Math.abs(values[i]);
        }
        return magnitudes;
    }

    static double[] elements(Tensor tensor) {
        if (tensor.dtype() != DType.BOOL) {
            return tensor.toDoubleArray();
        }
        boolean[] values = tensor.toBooleanArray();
        double[] elements = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            elements[i] = values[i] ? 1 : 0;
        }
        return elements;
    }
}
