package dev.jacobian.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes a graph for a program that lays it out itself: groups with what is in them, then edges. */
abstract class OutlineWriter {
    private final Graph graph;
    private final StringBuilder text = new StringBuilder();

    OutlineWriter(Graph graph) {
        this.graph = graph;
    }

    abstract void begin();

    abstract void end();

    abstract void openGroup(GraphGroup group, String indent);

    abstract void closeGroup(String indent);

    abstract void node(GraphNode node, Label label, boolean result, String indent);

    abstract void edge(GraphEdge edge, String label);

    final String write() {
        begin();
        Map<Integer, List<GraphNode>> nodes = new HashMap<>();
        graph.nodes().forEach(node -> nodes.computeIfAbsent(node.group(), _ -> new ArrayList<>()).add(node));
        members(-1, nodes, "  ");
        var open = new ArrayList<GraphGroup>();
        for (GraphGroup group : graph.groups()) {
            close(open, group.level());
            openGroup(group, indent(group.level()));
            members(group.id(), nodes, indent(group.level() + 1));
            open.add(group);
        }
        close(open, 0);
        edges();
        end();
        return text.toString();
    }

    private static String indent(int level) {
        return "  ".repeat(level + 1);
    }

    private void close(List<GraphGroup> open, int level) {
        while (open.size() > level) {
            open.removeLast();
            closeGroup(indent(open.size()));
        }
    }

    private void members(int group, Map<Integer, List<GraphNode>> nodes, String indent) {
        for (GraphNode node : nodes.getOrDefault(group, List.of())) {
            node(node, Label.of(node, graph), node.id() == graph.nodes().size() - 1, indent);
        }
    }

    /** One between two nodes, with shapes where a closed layer gives several. */
    private void edges() {
        record Way(int from, int to) {}
        Map<Integer, Set<String>> shapes = new HashMap<>();
        graph.edges().forEach(edge -> shapes.computeIfAbsent(edge.from(), _ -> new HashSet<>())
                .add(edge.shape().toString()));
        Set<Way> known = new HashSet<>();
        for (GraphEdge edge : graph.edges()) {
            if (known.add(new Way(edge.from(), edge.to()))) {
                edge(edge, shapes.get(edge.from()).size() > 1 ? edge.shape().toString() : "");
            }
        }
    }

    /** The lines of a label as one text. */
    static String text(Label label, String between) {
        return label.head() + between + String.join(between, label.body());
    }

    final void line(String line) {
        text.append(line).append('\n');
    }
}
