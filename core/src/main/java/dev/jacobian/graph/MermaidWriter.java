package dev.jacobian.graph;

import java.util.stream.Collectors;

/** Writes a graph as a flowchart for Mermaid. */
final class MermaidWriter extends OutlineWriter {
    MermaidWriter(Graph graph) {
        super(graph);
    }

    @Override
    void begin() {
        line("flowchart TB");
        line("  classDef input fill:#e2f4e5,stroke:#4b9560,color:#1f2328");
        line("  classDef parameter fill:#fff4d8,stroke:#b38a2a,color:#1f2328");
        line("  classDef operation fill:#e9f1fb,stroke:#5482b8,color:#1f2328");
        line("  classDef closed fill:#eceef2,stroke:#6e7781,color:#1f2328");
        line("  classDef result fill:#e9f1fb,stroke:#5482b8,color:#1f2328,stroke-width:3px");
    }

    @Override
    void end() {}

    @Override
    void openGroup(GraphGroup group, String indent) {
        line(indent + "subgraph g" + group.id() + "[" + quoted(Label.title(group)) + "]");
    }

    @Override
    void closeGroup(String indent) {
        line(indent + "end");
    }

    @Override
    void node(GraphNode node, Label label, boolean result, String indent) {
        String text = quoted(text(label, "\n"));
        String shape = switch (node) {
            case GraphNode.Input _ -> "[/" + text + "/]:::input";
            case GraphNode.Parameter _ -> "([" + text + "]):::parameter";
            case GraphNode.Operation _ -> "[" + text + "]:::" + (result ? "result" : "operation");
            case GraphNode.Closed _ -> "[[" + text + "]]:::closed";
        };
        line(indent + "n" + node.id() + shape);
    }

    @Override
    void edge(GraphEdge edge, String label) {
        line("  n" + edge.from() + " -->" + (label.isEmpty() ? "" : "|" + quoted(label) + "|") + " n" + edge.to());
    }

    /** Anything that HTML, Markdown or Mermaid itself might take for more than a character is written as its number. */
    private static String quoted(String text) {
        if (text.isBlank()) {
            return "\"#160;\""; // Mermaid refuses empty text
        }
        return text.codePoints().mapToObj(c -> switch (c) {
            case '\n' -> "<br/>";
            case '"', '#', '&', '<', '>', ';', '`', '\\', '*', '_', '~', '$', '%' -> "#" + c + ";";
            default -> Character.toString(c);
        }).collect(Collectors.joining("", "\"", "\""));
    }
}
