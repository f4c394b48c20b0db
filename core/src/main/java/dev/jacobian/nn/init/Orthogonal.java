package dev.jacobian.nn.init;

import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;

/** The orthogonal factor Q of a normal random matrix, by Householder reflections. */
final class Orthogonal {
    private Orthogonal() {}

    static Tensor draw(Shape shape, double gain) {
        if (shape.rank() < 2) {
            throw new IllegalArgumentException(
                    "orthogonal: shape " + shape + ", expected at least two axes; use normal for biases");
        }
        int rows = shape.dim(0);
        int columns = rows == 0 ? 0 : Math.toIntExact(shape.size() / rows);
        double[] normal = Rng.normal(shape.toArray()).toDoubleArray();
        boolean wide = columns > rows;
        // One array for each of the fewer vectors: the columns of a tall matrix, the rows of a wide one.
        double[][] vectors = new double[Math.min(rows, columns)][Math.max(rows, columns)];
        for (int v = 0; v < vectors.length; v++) {
            for (int i = 0; i < vectors[v].length; i++) {
                vectors[v][i] = normal[wide ? v * columns + i : i * columns + v];
            }
        }
        double[][] q = orthonormal(vectors);
        float[] values = new float[normal.length];
        for (int v = 0; v < q.length; v++) {
            for (int i = 0; i < q[v].length; i++) {
                values[wide ? v * columns + i : i * columns + v] = (float) (gain * q[v][i]);
            }
        }
        return Tensor.of(values).reshape(shape);
    }

    /**
     * Q of A = QR for the matrix whose columns are given, with the signs for which R's diagonal is positive: else Q
     * would not be uniformly distributed (Mezzadri, 2007). The columns are overwritten by the reflections.
     */
    private static double[][] orthonormal(double[][] columns) {
        int n = columns.length;
        double[] signs = new double[n];
        for (int k = 0; k < n; k++) {
            double[] v = columns[k];
            double norm = norm(v, k);
            // Reflecting away from v avoids cancellation; R's diagonal gets the opposite sign of v's head.
            signs[k] = v[k] > 0 ? -1 : 1;
            v[k] -= signs[k] * norm;
            double length = norm(v, k);
            for (int i = k; i < v.length && length > 0; i++) {
                v[i] /= length;
            }
            for (int j = k + 1; j < n; j++) {
                reflect(v, k, columns[j]);
            }
        }
        double[][] q = new double[n][];
        for (int j = 0; j < n; j++) {
            q[j] = new double[columns[j].length];
            q[j][j] = signs[j];
            for (int k = n - 1; k >= 0; k--) {
                reflect(columns[k], k, q[j]);
            }
        }
        return q;
    }

    private static double norm(double[] v, int from) {
        double sum = 0;
        for (int i = from; i < v.length; i++) {
            sum += v[i] * v[i];
        }
        return Math.sqrt(sum);
    }

    /** x − 2 v (v · x), for a unit vector v that is zero before an index. */
    private static void reflect(double[] v, int from, double[] x) {
        double dot = 0;
        for (int i = from; i < v.length; i++) {
            dot += v[i] * x[i];
        }
        for (int i = from; i < v.length; i++) {
            x[i] -= 2 * dot * v[i];
        }
    }
}
