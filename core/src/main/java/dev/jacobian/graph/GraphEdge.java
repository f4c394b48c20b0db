package dev.jacobian.graph;

import dev.jacobian.backend.DType;
import dev.jacobian.backend.Shape;

/**
 * A tensor on its way from where it comes from to who uses it.
 *
 * @param from the node that it is, or that made it
 * @param to the node that uses it
 * @param input which of that node's inputs it is, from 0
 * @param shape the tensor's shape
 * @param dtype the tensor's type
 */
public record GraphEdge(int from, int to, int input, Shape shape, DType dtype) {}
