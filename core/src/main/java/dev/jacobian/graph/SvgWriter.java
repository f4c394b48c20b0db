package dev.jacobian.graph;

import dev.jacobian.graph.Layers.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Writes a graph as SVG: one drawing for each number of open levels, of which one is seen. */
final class SvgWriter {
    /** Larger drawings are made only if they are the one that is seen. */
    private static final int MOST_HIDDEN = 1000;

    private static final String STYLE = """
            text { font: 11.5px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
            .node text, .open text { text-anchor: middle; fill: #1f2328; }
            .node text + text { font-size: 10.5px; fill: #57606a; }
            .node :is(rect, path) { fill: #e9f1fb; stroke: #5482b8; }
            .parameter :is(rect, path) { fill: #fff4d8; stroke: #b38a2a; }
            .input :is(rect, path) { fill: #e2f4e5; stroke: #4b9560; }
            .closed :is(rect, path) { fill: #eceef2; stroke: #6e7781; }
            .result :is(rect, path) { stroke-width: 2.5; }
            .open rect { fill: #8c959f; fill-opacity: .08; stroke: #afb8c1; }
            .open text { text-anchor: start; fill: #57606a; }
            .link path { fill: none; stroke: #818b96; }
            .arrow path { marker-end: url(#arrow); }
            #arrow path { fill: #818b96; }
            .paper { fill: #ffffff; }
            [data-show] { cursor: pointer; }
            @media (prefers-color-scheme: dark) {
              .node text { fill: #e6edf3; }
              .node text + text, .open text { fill: #9da7b3; }
              .node :is(rect, path) { fill: #17283d; stroke: #4f7fb5; }
              .parameter :is(rect, path) { fill: #362b0e; stroke: #a98530; }
              .input :is(rect, path) { fill: #14301d; stroke: #468a59; }
              .closed :is(rect, path) { fill: #262c34; stroke: #7d8590; }
              .open rect { stroke: #444c56; }
              .paper { fill: #0d1117; }
            }
            """;

    /** A click on a layer shows another drawing. Pages that only show the file as a picture do not run it. */
    private static final String SCRIPT = """
            const svg = document.currentScript.closest('svg');
            const show = event => {
              const layer = event.target.closest('[data-show]');
              if (layer && (event.type === 'click' || event.key === 'Enter')) {
                for (const drawing of svg.querySelectorAll('[data-depth]')) {
                  const seen = drawing.dataset.depth === layer.dataset.show;
                  drawing.setAttribute('display', seen ? 'inline' : 'none');
                  if (seen) {
                    const [width, height] = drawing.dataset.size.split(' ');
                    svg.setAttribute('width', width);
                    svg.setAttribute('height', height);
                    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
                  }
                }
              }
            };
            svg.addEventListener('click', show);
            svg.addEventListener('keydown', show);
            """;

    private final Graph graph;
    private final StringBuilder text = new StringBuilder();
    /** The numbers of open levels of which there is a drawing. */
    private final TreeSet<Integer> depths = new TreeSet<>();

    SvgWriter(Graph graph) {
        this.graph = graph;
    }

    /** A graph with what its drawing needs. */
    private record Drawing(Graph graph, List<Label> labels, Layout layout) {
        static Drawing of(Graph graph) {
            List<Label> labels = graph.nodes().stream().map(node -> Label.of(node, graph)).toList();
            return new Drawing(graph, labels, new Layout(graph, labels));
        }
    }

    String write() {
        Graph seen = graph.legible();
        List<Drawing> drawings = new ArrayList<>();
        Drawing first = drawing(seen);
        for (int levels = 0; levels <= graph.depth(); levels++) {
            if (levels == seen.depth()) {
                drawings.add(first);
            } else {
                addHidden(graph.depth(levels), drawings);
            }
        }
        int width = first.layout.width();
        int height = first.layout.height();
        line("<svg xmlns='http://www.w3.org/2000/svg' width='" + width + "' height='" + height + "' viewBox='0 0 "
                + width + " " + height + "' role='img'>");
        line("<title>" + escape(graph.toString()) + "</title>");
        text.append("<style>\n").append(STYLE).append("</style>\n");
        line("<defs><marker id='arrow' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7'"
                + " orient='auto'><path d='M0 1L8 4L0 7z'/></marker></defs>");
        line("<rect class='paper' width='100%' height='100%'/>");
        drawings.forEach(drawing -> depths.add(drawing.graph.depth()));
        drawings.forEach(drawing -> draw(drawing, drawing.graph.depth() == seen.depth()));
        if (drawings.size() > 1) {
            text.append("<script><![CDATA[\n").append(SCRIPT).append("]]></script>\n");
        }
        return text.append("</svg>\n").toString();
    }

    private static void addHidden(Graph other, List<Drawing> drawings) {
        if (other.nodes().size() <= MOST_HIDDEN) {
            try {
                drawings.add(Drawing.of(other));
            } catch (Layers.TooLargeException _) {
                return; // clicks lead to those that are there
            }
        }
    }

    private static Drawing drawing(Graph graph) {
        try {
            return Drawing.of(graph);
        } catch (Layers.TooLargeException e) {
            throw new IllegalArgumentException("graph: " + graph.nodes().size() + " nodes are too many to draw; close"
                    + " layers with depth(n), or give Graphviz toDot()", e);
        }
    }

    private void draw(Drawing drawing, boolean seen) {
        Graph shown = drawing.graph;
        line("<g data-depth='" + shown.depth() + "' data-size='" + drawing.layout.width() + " "
                + drawing.layout.height() + (seen ? "'>" : "' display='none'>"));
        shown.groups().forEach(group -> draw(group, drawing.layout.box(group)));
        List<Layout.Path> paths = drawing.layout.paths();
        line("<g class='link'>" + curves(paths, false) + "</g>");
        line("<g class='link arrow'>" + curves(paths, true) + "</g>");
        shown.nodes().forEach(node -> draw(node, drawing));
        line("</g>");
    }

    private void draw(GraphGroup group, Layout.Box box) {
        line("<g class='open'" + button(depths.floor(group.level())) + "><title>"
                + escape(Label.clean("layer " + group.path())) + "</title>" + rectangle(box, 8)
                + words(box.x() + 10, box.y() + 16, Label.title(group)) + "</g>");
    }

    /** What makes a click show the drawing of so many open levels, if there is one. */
    private static String button(Integer depth) {
        return depth == null ? "" : " data-show='" + depth + "' tabindex='0' role='button'";
    }

    private static String curves(List<Layout.Path> paths, boolean arrows) {
        return paths.stream().filter(path -> path.to() >= 0 == arrows)
                .map(path -> "<path d='" + curve(path.points()) + "'/>").collect(Collectors.joining("\n"));
    }

    private static String curve(List<Point> points) {
        Point from = points.getFirst();
        StringBuilder curve = new StringBuilder("M" + from.x() + " " + from.y());
        for (Point to : points.subList(1, points.size())) {
            if (to.x() == from.x()) {
                curve.append('V').append(to.y());
            } else {
                int middle = (from.y() + to.y()) / 2;
                curve.append('C').append(from.x()).append(' ').append(middle).append(' ').append(to.x()).append(' ')
                        .append(middle).append(' ').append(to.x()).append(' ').append(to.y());
            }
            from = to;
        }
        return curve.toString();
    }

    private void draw(GraphNode node, Drawing drawing) {
        Layout.Box box = drawing.layout.box(node);
        Label label = drawing.labels.get(node.id());
        boolean result = node.id() == drawing.graph.nodes().size() - 1;
        String kind = switch (node) {
            case GraphNode.Input _ -> "input";
            case GraphNode.Parameter _ -> "parameter";
            case GraphNode.Operation _ -> "operation";
            case GraphNode.Closed _ -> "closed";
        };
        String button = node instanceof GraphNode.Closed closed
                ? button(depths.ceiling(closed.layer().level() + 1))
                : "";
        text.append("<g class='node ").append(result ? "result " : "").append(kind).append("'").append(button)
                .append("><title>")
                .append(escape(String.join("\n", label.details()))).append("</title>").append(outline(node, box));
        int x = box.x() + box.width() / 2;
        int y = box.y() + 17;
        text.append(words(x, y, label.head()));
        for (String body : label.body()) {
            y += 14;
            text.append(words(x, y, body));
        }
        text.append("</g>\n");
    }

    private static String outline(GraphNode node, Layout.Box box) {
        return switch (node) {
            case GraphNode.Input _ -> "<path d='M" + (box.x() + 10) + " " + box.y() + "h" + (box.width() - 10) + "l-10 "
                    + box.height() + "h-" + (box.width() - 10) + "z'/>";
            case GraphNode.Parameter _ -> rectangle(box, box.height() / 2);
            case GraphNode.Operation _ -> rectangle(box, 4);
            case GraphNode.Closed _ -> rectangle(box, 4) + "<path d='M" + (box.x() + 6) + " " + box.y() + "v"
                    + box.height() + "m" + (box.width() - 12) + " 0v-" + box.height() + "'/>";
        };
    }

    private static String rectangle(Layout.Box box, int round) {
        return "<rect x='" + box.x() + "' y='" + box.y() + "' width='" + box.width() + "' height='" + box.height()
                + "' rx='" + round + "'/>";
    }

    private static String words(int x, int y, String words) {
        return "<text x='" + x + "' y='" + y + "'>" + escape(words) + "</text>";
    }

    private void line(String line) {
        text.append(line).append('\n');
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;").replace("\"",
                "&quot;");
    }
}
