package dev.jacobian.backend;

/** Dropout (Srivastava et al., 2014). The mask is a pure function of the key and is nowhere stored. */
public interface DropoutKernel {
    /**
     * y = x / (1f − (float) p) where the uniform number of the element (see {@link RandomKey}) is at least p, else 0; both
     * compared and computed as float32. The backward pass is the same function of dy.
     *
     * @param x input, any strides; element i in row-major order takes random element i
     * @param p the probability of zero, in 0..1, below 1
     * @param key what the mask depends on
     * @param y output, dense; may be the memory of a dense x, else does not overlap it
     */
    void dropout(View x, double p, RandomKey key, View y);
}
