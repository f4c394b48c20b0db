package dev.jacobian.tensor;

/**
 * How many zeros a convolution puts around its input, said by what becomes of its length L. With stride 1 and a kernel
 * that reaches over r = dilation · (kernel − 1) + 1 elements:
 *
 * <pre>
 * VALID  L − r + 1   no zeros
 * SAME   L           r − 1 zeros in all
 * FULL   L + r − 1   r − 1 zeros at each end
 * </pre>
 */
public enum Padding {
    /** None: the kernel meets the input alone. An input that is shorter than the kernel's reach is an error. */
    VALID,

    /**
     * As many as keep the length; where their number is odd, one more behind than in front, as PyTorch has it. For
     * stride 1 alone. An odd number is made even by a copy of the input that is longer by one, which costs the time of
     * that copy and, in training, its memory.
     */
    SAME,

    /** As many as let the kernel meet each end with one element: every overlap counts. */
    FULL;

    /** The zeros at each of both ends. */
    int around(String operation, long reach) {
        return Check.length(operation, switch (this) {
            case VALID -> 0;
            case SAME -> (reach - 1) / 2;
            case FULL -> reach - 1;
        });
    }

    /** The axis with the zero behind it that is not in front of it. */
    Tensor behind(Tensor x, int axis, long reach) {
        return this == SAME && reach % 2 == 0 ? x.pad(axis, 0, 1, 0) : x;
    }
}
