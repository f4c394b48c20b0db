package dev.jacobian.graph;

import dev.jacobian.io.AtomicFile;
import dev.jacobian.nn.Layer;
import dev.jacobian.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * How a tensor was computed, as its tape has it: which operations made it, of which inputs and parameters, in which layers.
 * Data to be read, and pictures:
 *
 * <pre>{@code
 * Graph.of(loss, model).save(Path.of("model.svg"));
 * }</pre>
 *
 * <p>Only what was recorded is known: operations on tensors of which at least one requires gradients, outside of
 * {@link dev.jacobian.autograd.Autograd#noGrad}. What was computed otherwise is an input. Shapes are all that is read, so
 * a graph can be made after {@code backward()} too. A fused operation is one node; under
 * {@link dev.jacobian.autograd.Autograd#higherOrder} it is what it is defined by. Layers are known by their paths: two
 * models that name theirs alike look like calls of one, unless both are registered in a layer around them.
 *
 * <p>A picture shows a graph as it is, and one of more than {@value #LEGIBLE} nodes with as many levels of layers open as
 * need no more than that, at least none; {@link #depth(int)} chooses. In an SVG file that a browser shows by itself, a
 * click on a layer opens or closes all layers of its level.
 */
public final class Graph {
    /** More nodes than that are shown on demand only. */
    static final int LEGIBLE = 150;

    private final List<GraphNode> nodes;
    private final List<GraphEdge> edges;
    private final List<GraphGroup> groups;
    private final boolean chosen;
    /** Where the edges into each node begin. */
    private final int[] inputs;

    Graph(List<GraphNode> nodes, List<GraphEdge> edges, List<GraphGroup> groups, boolean chosen) {
        this.nodes = List.copyOf(nodes);
        this.edges = List.copyOf(edges);
        this.groups = List.copyOf(groups);
        this.chosen = chosen;
        inputs = new int[nodes.size() + 1];
        edges.forEach(edge -> inputs[edge.to() + 1]++);
        Arrays.parallelPrefix(inputs, Integer::sum);
    }

    /**
     * The graph of a tensor. Layers and parameters have the names by which they were called, relative to the outermost
     * layer; which kinds of layers they are is not known.
     *
     * @param result what was computed
     * @return all that it was computed from
     * @throws IllegalArgumentException if nothing was recorded
     */
    public static Graph of(Tensor result) {
        return of(result, Map.of());
    }

    /**
     * The graph of a tensor, with names of one's own.
     *
     * @param result what was computed
     * @param names what some inputs, parameters or results are to be called
     * @return all that it was computed from
     * @throws IllegalArgumentException if nothing was recorded
     */
    public static Graph of(Tensor result, Map<String, ? extends Tensor> names) {
        return new TapeReader(names, null).read(result);
    }

    /**
     * The graph of what a model was used for, with the names of its state dict and the types of its layers.
     *
     * @param result what was computed, such as a loss
     * @param model the outermost layer that was called
     * @return all that it was computed from
     * @throws IllegalArgumentException if nothing was recorded
     */
    public static Graph of(Tensor result, Layer model) {
        return of(result, model, Map.of());
    }

    /**
     * The graph of what a model was used for, with names of one's own too.
     *
     * @param result what was computed, such as a loss
     * @param model the outermost layer that was called
     * @param names what some inputs or results are to be called
     * @return all that it was computed from
     * @throws IllegalArgumentException if nothing was recorded
     */
    public static Graph of(Tensor result, Layer model, Map<String, ? extends Tensor> names) {
        return new TapeReader(names, Objects.requireNonNull(model, "model")).read(result);
    }

    /**
     * Inputs, parameters, operations and closed layers.
     *
     * @return in topological order: each after its inputs, the result last
     */
    public List<GraphNode> nodes() {
        return nodes;
    }

    /**
     * Who uses what.
     *
     * @return by the using node and its input
     */
    public List<GraphEdge> edges() {
        return edges;
    }

    /**
     * The calls of layers that are open.
     *
     * @return each after the one around it
     */
    public List<GraphGroup> groups() {
        return groups;
    }

    /**
     * How many levels of layers are open, one inside the other.
     *
     * @return 0 for a graph without groups
     */
    public int depth() {
        return groups.stream().mapToInt(group -> group.level() + 1).max().orElse(0);
    }

    /**
     * The graph with some levels of layers open, and each layer below them one {@linkplain GraphNode.Closed node}. What
     * is closed cannot be opened again: ask the original for another depth.
     *
     * @param levels how many; 0 closes all, {@link #depth} or more closes none
     * @return a graph that pictures show as it is
     * @throws IllegalArgumentException if negative
     */
    public Graph depth(int levels) {
        if (levels < 0) {
            throw new IllegalArgumentException("graph: depth " + levels + ", expected at least 0");
        }
        return levels >= depth() ? new Graph(nodes, edges, groups, true) : new Collapse(this, levels).graph();
    }

    /** The edges into a node. */
    List<GraphEdge> inputs(int node) {
        return edges.subList(inputs[node], inputs[node + 1]);
    }

    /** What a picture shows. */
    Graph legible() {
        Graph shown = this;
        for (int levels = depth() - 1; !chosen && levels >= 0 && shown.nodes.size() > LEGIBLE; levels--) {
            shown = depth(levels);
        }
        return shown;
    }

    /**
     * A drawing that reads well in light and dark surroundings, with all about a node as its tooltip.
     *
     * @return a document of SVG
     * @throws IllegalArgumentException if there are too many nodes to draw
     */
    public String toSvg() {
        return new SvgWriter(this).write();
    }

    /**
     * Text for Graphviz.
     *
     * @return a graph with a cluster for each layer
     */
    public String toDot() {
        return new DotWriter(legible()).write();
    }

    /**
     * Text for Mermaid, which GitHub draws in code blocks of that name.
     *
     * @return a flowchart with a subgraph for each layer
     */
    public String toMermaid() {
        return new MermaidWriter(legible()).write();
    }

    /**
     * Writes a picture. A file of that name is replaced at once.
     *
     * @param file whose name ends with .svg, .dot or .gv (Graphviz), or .mmd (Mermaid)
     * @return the same
     * @throws IllegalArgumentException if it ends otherwise
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    public Path save(Path file) {
        String name = String.valueOf(file.getFileName());
        String text = switch (name.substring(Math.max(0, name.lastIndexOf('.'))).toLowerCase(Locale.ROOT)) {
            case ".svg" -> toSvg();
            case ".dot", ".gv" -> toDot();
            case ".mmd" -> toMermaid();
            default -> throw new IllegalArgumentException("graph: cannot tell from the name " + name
                    + " what to write; end it with .svg, .dot or .gv (Graphviz), or .mmd (Mermaid)");
        };
        AtomicFile.write(file, text);
        return file;
    }

    /**
     * What there is, in a line.
     *
     * @return the numbers of nodes by kind
     */
    @Override
    public String toString() {
        return "graph of " + count(GraphNode.Operation.class, "operation") + ", "
                + count(GraphNode.Parameter.class, "parameter") + ", " + count(GraphNode.Input.class, "input") + ", "
                + count(GraphNode.Closed.class, "closed layer");
    }

    private String count(Class<? extends GraphNode> kind, String what) {
        long count = nodes.stream().filter(kind::isInstance).count();
        return count + " " + what + (count == 1 ? "" : "s");
    }
}
