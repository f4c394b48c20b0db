package dev.jacobian.nn.init;

import dev.jacobian.backend.Shape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;

/**
 * Draws the first values of parameters, in float32 on the current device: the same bits on every device for the same
 * seed.
 *
 * <p>For the fans, a shape is [out, in, receptive field…] as PyTorch lays weights out: fan-in is in times the size of
 * the receptive field, fan-out is out times that.
 */
@FunctionalInterface
public interface Initializer {
    /**
     * Draws values.
     *
     * @param shape the lengths of the axes
     * @return a tensor of that shape
     */
    Tensor initialize(Shape shape);

    /**
     * Draws values.
     *
     * @param shape the lengths of the axes
     * @return a tensor of that shape
     */
    default Tensor initialize(int... shape) {
        return initialize(Shape.of(shape));
    }

    /**
     * Uniform numbers.
     *
     * @param low the least, included
     * @param high the greatest, not included but for rounding
     * @return the initialiser
     */
    static Initializer uniform(double low, double high) {
        if (!(low <= high && Double.isFinite(high - low))) {
            throw new IllegalArgumentException("uniform: low " + low + ", high " + high + ", expected low <= high");
        }
        return shape -> Rng.uniform(shape.toArray()).mul(high - low).add(low);
    }

    /**
     * Normal numbers.
     *
     * @param mean their mean
     * @param standardDeviation their standard deviation, at least 0
     * @return the initialiser
     */
    static Initializer normal(double mean, double standardDeviation) {
        if (!(standardDeviation >= 0)) {
            throw new IllegalArgumentException(
                    "normal: standard deviation " + standardDeviation + ", expected at least 0");
        }
        return shape -> Rng.normal(shape.toArray()).mul(standardDeviation).add(mean);
    }

    /**
     * One value.
     *
     * @param value the value
     * @return the initialiser
     */
    static Initializer constant(double value) {
        return shape -> Tensor.full(value, shape.toArray());
    }

    /**
     * Zeros.
     *
     * @return the initialiser
     */
    static Initializer zeros() {
        return constant(0);
    }

    /**
     * Ones.
     *
     * @return the initialiser
     */
    static Initializer ones() {
        return constant(1);
    }

    /**
     * Kaiming's uniform numbers for rectifiers, U(−b, b) with b = √(6 / ((1 + a²) · fanIn)) (He et al., 2015).
     *
     * @param a the slope of the rectifier behind the layer for negative inputs: 0 for ReLU
     * @return the initialiser, for shapes of at least two axes
     */
    static Initializer kaimingUniform(double a) {
        return kaimingUniform(a, FanMode.FAN_IN);
    }

    /**
     * Kaiming's uniform numbers for rectifiers, U(−b, b) with b = √(6 / ((1 + a²) · fan)) (He et al., 2015).
     *
     * @param a the slope of the rectifier behind the layer for negative inputs: 0 for ReLU
     * @param mode fan-in keeps the variance of the forward pass, fan-out that of the backward pass
     * @return the initialiser, for shapes of at least two axes
     */
    static Initializer kaimingUniform(double a, FanMode mode) {
        return shape -> symmetric(Fans.kaimingDeviation("kaiming uniform", shape, a, mode) * Math.sqrt(3), shape);
    }

    /**
     * Kaiming's normal numbers for rectifiers, N(0, 2 / ((1 + a²) · fanIn)) (He et al., 2015).
     *
     * @param a the slope of the rectifier behind the layer for negative inputs: 0 for ReLU
     * @return the initialiser, for shapes of at least two axes
     */
    static Initializer kaimingNormal(double a) {
        return kaimingNormal(a, FanMode.FAN_IN);
    }

    /**
     * Kaiming's normal numbers for rectifiers, N(0, 2 / ((1 + a²) · fan)) (He et al., 2015).
     *
     * @param a the slope of the rectifier behind the layer for negative inputs: 0 for ReLU
     * @param mode fan-in keeps the variance of the forward pass, fan-out that of the backward pass
     * @return the initialiser, for shapes of at least two axes
     */
    static Initializer kaimingNormal(double a, FanMode mode) {
        return shape -> normal(0, Fans.kaimingDeviation("kaiming normal", shape, a, mode)).initialize(shape);
    }

    /**
     * Xavier's uniform numbers, U(−b, b) with b = gain · √(6 / (fanIn + fanOut)) (Glorot and Bengio, 2010).
     *
     * @param gain the factor for what follows the layer, 1 for none
     * @return the initialiser, for shapes of at least two axes
     */
    static Initializer xavierUniform(double gain) {
        return shape -> symmetric(Fans.xavierDeviation("xavier uniform", shape, gain) * Math.sqrt(3), shape);
    }

    /**
     * Xavier's normal numbers, N(0, gain² · 2 / (fanIn + fanOut)) (Glorot and Bengio, 2010).
     *
     * @param gain the factor for what follows the layer, 1 for none
     * @return the initialiser, for shapes of at least two axes
     */
    static Initializer xavierNormal(double gain) {
        return shape -> normal(0, Fans.xavierDeviation("xavier normal", shape, gain)).initialize(shape);
    }

    /**
     * A random matrix with orthonormal rows or columns, whichever are fewer, times a factor (Saxe et al., 2014);
     * uniformly distributed among all such matrices. Axes behind the first count as columns. Computed on the host in
     * float64.
     *
     * @param gain the factor
     * @return the initialiser, for shapes of at least two axes
     */
    static Initializer orthogonal(double gain) {
        return shape -> Orthogonal.draw(shape, gain);
    }

    private static Tensor symmetric(double bound, Shape shape) {
        return uniform(-bound, bound).initialize(shape);
    }
}
