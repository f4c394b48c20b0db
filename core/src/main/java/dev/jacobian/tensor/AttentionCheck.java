package dev.jacobian.tensor;

import dev.jacobian.backend.Shape;

/** What attention asks of its arguments; see {@link Check}. */
final class AttentionCheck {
    private static final String OPERATION = "attention";

    private AttentionCheck() {}

    static void attention(Tensor q, Tensor k, Tensor v) {
        Check.floating(OPERATION, q);
        if (q.rank() != 4 || q.dim(3) == 0) {
            throw new IllegalArgumentException(OPERATION + ": queries of shape " + q.shape()
                    + ", expected [B, H, T, D] with D at least 1; add what is missing with unsqueeze or reshape");
        }
        fits("keys", k, q);
        fits("values", v, q);
        if (k.dim(2) != v.dim(2)) {
            throw new IllegalArgumentException(OPERATION + ": " + k.dim(2) + " keys and " + v.dim(2)
                    + " values (shapes " + k.shape() + " and " + v.shape() + "), expected as many of each");
        }
    }

    private static void fits(String what, Tensor x, Tensor q) {
        Shape expected = x.rank() == 4 ? q.shape().with(2, x.dim(2)) : null;
        if (!x.shape().equals(expected)) {
            throw new IllegalArgumentException(OPERATION + ": " + what + " of shape " + x.shape() + ", expected ["
                    + q.dim(0) + ", " + q.dim(1) + ", S, " + q.dim(3) + "] for queries of shape " + q.shape());
        }
        if (x.dtype() != q.dtype()) {
            throw new IllegalArgumentException(OPERATION + ": " + what + " of type " + x.dtype()
                    + ", expected the queries' " + q.dtype() + "; convert with to(DType)");
        }
    }

    static void selfAttention(Tensor packed, int heads) {
        Check.floating("self-attention", packed);
        if (heads < 1 || packed.rank() != 3 || packed.dim(2) == 0 || packed.dim(2) % 3 != 0
                || packed.dim(2) / 3 % heads != 0) {
            throw new IllegalArgumentException("self-attention: shape " + packed.shape() + " and " + heads
                    + " heads, expected [B, T, 3 · heads · D] with D at least 1: queries, keys and values of all"
                    + " heads, one after the other");
        }
    }
}
