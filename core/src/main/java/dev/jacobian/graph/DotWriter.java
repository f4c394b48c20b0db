package dev.jacobian.graph;

import java.util.stream.Collectors;

/** Writes a graph for Graphviz. */
final class DotWriter extends OutlineWriter {
    DotWriter(Graph graph) {
        super(graph);
    }

    @Override
    void begin() {
        line("digraph {");
        line("  node [shape=box, style=\"rounded,filled\", fillcolor=\"#e9f1fb\", color=\"#5482b8\", fontname=monospace,"
                + " fontsize=11]");
        line("  edge [color=\"#818b96\", fontname=monospace, fontsize=9]");
    }

    @Override
    void end() {
        line("}");
    }

    @Override
    void openGroup(GraphGroup group, String indent) {
        line(indent + "subgraph cluster_" + group.id() + " {");
        line(indent + "  label=" + quoted(Label.title(group)) + "; labeljust=l; style=rounded; color=\"#afb8c1\";"
                + " fontname=monospace; fontsize=11");
    }

    @Override
    void closeGroup(String indent) {
        line(indent + "}");
    }

    @Override
    void node(GraphNode node, Label label, boolean result, String indent) {
        String look = switch (node) {
            case GraphNode.Input _ -> ", shape=parallelogram, style=filled, fillcolor=\"#e2f4e5\", color=\"#4b9560\"";
            case GraphNode.Parameter _ -> ", shape=ellipse, style=filled, fillcolor=\"#fff4d8\", color=\"#b38a2a\"";
            case GraphNode.Operation _ -> "";
            case GraphNode.Closed _ -> ", shape=box3d, style=filled, fillcolor=\"#eceef2\", color=\"#6e7781\"";
        };
        line(indent + "n" + node.id() + " [label=" + quoted(text(label, "\n")) + ", tooltip="
                + quoted(String.join("\n", label.details())) + look + (result ? ", penwidth=2.5" : "") + "]");
    }

    @Override
    void edge(GraphEdge edge, String label) {
        line("  n" + edge.from() + " -> n" + edge.to() + (label.isEmpty() ? "" : " [label=" + quoted(label) + "]"));
    }

    private static String quoted(String text) {
        return text.codePoints().mapToObj(c -> switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '&' -> "&amp;"; // Graphviz reads HTML's names of characters
            default -> Character.toString(c);
        }).collect(Collectors.joining("", "\"", "\""));
    }
}
