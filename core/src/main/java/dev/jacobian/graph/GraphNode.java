package dev.jacobian.graph;

import dev.jacobian.autograd.Op;
import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;

/** What a {@link Graph} is made of: a tensor that came from outside, or a computation with its result. */
public sealed interface GraphNode {
    /**
     * Its place in {@link Graph#nodes}.
     *
     * @return from 0; inputs of a node have lower ones
     */
    int id();

    /**
     * The innermost layer that it belongs to.
     *
     * @return its place in {@link Graph#groups}; -1 outside of layers
     */
    int group();

    /**
     * What it is called.
     *
     * @return the name that was given, the path of a parameter or a layer, or the operation's name
     */
    String name();

    /**
     * The shape of the tensor, or of the result.
     *
     * @return the shape
     */
    Shape shape();

    /**
     * The type of the tensor's elements, or of the result's.
     *
     * @return the type
     */
    DType dtype();

    /**
     * A tensor that nothing recorded has made and that is no parameter.
     *
     * @param id see {@link GraphNode#id}
     * @param group see {@link GraphNode#group}
     * @param name the name that was given, or {@code view of} that if it shares that tensor's memory, as a reshaped input
     *        does; else {@code input}, {@code variable} if it requires gradients, or {@code constant} if a layer has made it
     * @param shape its shape
     * @param dtype its type
     * @param requiresGrad whether gradients flow to it
     */
    record Input(int id, int group, String name, Shape shape, DType dtype, boolean requiresGrad) implements GraphNode {}

    /**
     * A parameter or a buffer of a layer, once however often it is used.
     *
     * @param id see {@link GraphNode#id}
     * @param group the innermost layer that all who use it belong to
     * @param name its path, such as {@code encoder.0.weight}
     * @param shape its shape
     * @param dtype its type
     * @param requiresGrad whether it is trained
     */
    record Parameter(
            int id,
            int group,
            String name,
            Shape shape,
            DType dtype,
            boolean requiresGrad)
            implements
                GraphNode {}

    /**
     * A recorded operation.
     *
     * @param id see {@link GraphNode#id}
     * @param group see {@link GraphNode#group}
     * @param name the operation's name
     * @param label the name that was given to the result; empty for none
     * @param op its record, with what is static
     * @param fused whether a kernel of the backend computed it
     * @param shape the result's shape
     * @param dtype the result's type
     */
    record Operation(
            int id,
            int group,
            String name,
            String label,
            Op op,
            boolean fused,
            Shape shape,
            DType dtype)
            implements
                GraphNode {}

    /**
     * A layer that is shown closed: see {@link Graph#depth(int)}.
     *
     * @param id see {@link GraphNode#id}
     * @param group the layer around it
     * @param layer what it stands for
     * @param shape the last result's shape
     * @param dtype the last result's type
     * @param parameters the number of elements of all parameters and buffers inside
     * @param operations the number of operations inside
     */
    record Closed(
            int id,
            int group,
            GraphGroup layer,
            Shape shape,
            DType dtype,
            long parameters,
            int operations)
            implements
                GraphNode {
        @Override
        public String name() {
            return layer.path();
        }
    }
}
