package dev.jacobian.derivations;

import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.function.UnaryOperator;

/** Derivatives by central differences in float64, which know nothing of backward rules; and how far results differ. */
final class Differences {
    /** Balances the truncation, h² |f‴| / 6, with the rounding, ε |f| / h. */
    private static final double STEP = Math.cbrt(Math.ulp(1.0));

    private Differences() {}

    /**
     * All first derivatives, element by element of x.
     *
     * @param function of one tensor, smooth around x
     * @param x float64
     * @return ∂f(x)ᵢ/∂xⱼ, of shape [shape of f(x)…, shape of x…], with errors of about 10⁻¹⁰ times the values
     */
    static Tensor jacobian(UnaryOperator<Tensor> function, Tensor x) {
        double[] at = x.toDoubleArray();
        double[] derivatives = null;
        Shape shape = null;
        for (int j = 0; j < at.length; j++) {
            double h = STEP * Math.max(1, Math.abs(at[j]));
            Tensor above = moved(function, x, at, j, at[j] + h);
            double[] high = above.toDoubleArray();
            double[] low = moved(function, x, at, j, at[j] - h).toDoubleArray();
            if (derivatives == null) {
                derivatives = new double[high.length * at.length];
                shape = above.shape();
            }
            for (int i = 0; i < high.length; i++) {
                derivatives[i * at.length + j] = (high[i] - low[i]) / ((at[j] + h) - (at[j] - h));
            }
        }
        int[] dims = new int[shape.rank() + x.rank()];
        System.arraycopy(shape.toArray(), 0, dims, 0, shape.rank());
        System.arraycopy(x.shape().toArray(), 0, dims, shape.rank(), x.rank());
        return Tensor.of(derivatives).reshape(dims);
    }

    private static Tensor moved(UnaryOperator<Tensor> function, Tensor x, double[] at, int j, double value) {
        double[] changed = at.clone();
        changed[j] = value;
        return function.apply(Tensor.of(changed).reshape(x.shape()));
    }

    /** The largest |a − b| of two tensors of one shape; NaN if there is any. */
    static double largest(Tensor a, Tensor b) {
        if (!a.shape().equals(b.shape())) {
            throw new AssertionError("shapes " + a.shape() + " and " + b.shape() + " differ");
        }
        return a.detach().sub(b.detach()).abs().max().item();
    }
}
