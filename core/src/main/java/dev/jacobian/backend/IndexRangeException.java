package dev.jacobian.backend;

/** An index or a label that points outside of what it indexes. */
public final class IndexRangeException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    /**
     * Says which index is wrong.
     *
     * @param operation the operation
     * @param index the index
     * @param position its place in the index tensor, in row-major order
     * @param limit the length of what is indexed
     */
    public IndexRangeException(String operation, int index, long position, int limit) {
        super(operation + ": index " + index + " at element " + position + " out of range; "
                + (limit == 0 ? "what it indexes is empty" : "expected 0.." + (limit - 1)));
    }
}
