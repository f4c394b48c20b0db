package dev.jacobian.graph;

import dev.jacobian.graph.Layers.Item;
import dev.jacobian.graph.Layers.Link;
import dev.jacobian.graph.Layers.Pin;
import dev.jacobian.graph.Layers.Point;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Where everything is in a drawing. Each group is laid out by itself, innermost first, and is a box for the group around
 * it; a link that crosses its border has a port there.
 */
final class Layout {
    static final int TITLE = 22;
    static final int CHARACTER = 7;
    private static final int PAD = 12;

    /** A rectangle, in pixels. */
    record Box(int x, int y, int width, int height) {}

    /**
     * A link, or its part inside one group.
     *
     * @param from the node that it comes from
     * @param to the node that it ends at, or -1 at a border
     * @param points as {@link Layers#route} has them
     */
    record Path(int from, int to, List<Point> points) {}

    /** An end of a link: a node if group is -1, else where what a node has made crosses the group's border. */
    private record Port(int group, int node, boolean entry) {}

    private record Wire(Port from, Port to) {}

    private final Graph graph;
    private final List<Label> labels;
    private final Item[] nodeItems;
    private final Item[] groupItems;
    private final int[] padding;
    private final Map<Port, Item> ports = new HashMap<>();
    /** By group, with that outside of groups first. */
    private final List<Set<Wire>> wires = new ArrayList<>();
    private final List<List<Path>> inner = new ArrayList<>();
    private final int[] originX;
    private final int[] originY;
    private Box all;

    Layout(Graph graph, List<Label> labels) {
        this.graph = graph;
        this.labels = labels;
        int groups = graph.groups().size();
        nodeItems = graph.nodes().stream().map(node -> new Item(width(node), height(node), Pin.FREE))
                .toArray(Item[]::new);
        groupItems = new Item[groups];
        padding = new int[groups];
        originX = new int[groups];
        originY = new int[groups];
        for (int i = -1; i < groups; i++) {
            wires.add(new LinkedHashSet<>());
            inner.add(List.of());
        }
        graph.edges().forEach(edge -> wire(edge.from(), edge.to()));
        List<Map<Integer, Integer>> members = members();
        for (int group = groups - 1; group >= -1; group--) {
            arrange(group, members.get(group + 1).values());
        }
        for (GraphGroup group : graph.groups()) {
            Item item = groupItems[group.id()];
            originX[group.id()] = x(group.parent()) + item.x;
            originY[group.id()] = y(group.parent()) + item.y;
        }
    }

    int width() {
        return all.width;
    }

    int height() {
        return all.height;
    }

    Box box(GraphNode node) {
        Item item = nodeItems[node.id()];
        return new Box(x(node.group()) + item.x, y(node.group()) + item.y, item.width, item.height);
    }

    Box box(GraphGroup group) {
        Item item = groupItems[group.id()];
        return new Box(originX[group.id()], originY[group.id()], item.width, item.height);
    }

    List<Path> paths() {
        List<Path> paths = new ArrayList<>();
        for (int group = -1; group < groupItems.length; group++) {
            for (Path path : inner.get(group + 1)) {
                int x = x(group);
                int y = y(group);
                paths.add(new Path(path.from, path.to,
                        path.points.stream().map(point -> new Point(point.x() + x, point.y() + y)).toList()));
            }
        }
        return paths;
    }

    /** Where a group's content begins. */
    private int x(int group) {
        return group < 0 ? PAD : originX[group] + padding[group];
    }

    private int y(int group) {
        return group < 0 ? PAD : originY[group];
    }

    private int width(GraphNode node) {
        Label label = labels.get(node.id());
        int widest = textWidth(label.head());
        for (String line : label.body()) {
            widest = Math.max(widest, textWidth(line));
        }
        return widest + (node instanceof GraphNode.Operation ? 20 : 32) & ~1;
    }

    private int height(GraphNode node) {
        return 23 + 14 * labels.get(node.id()).body().size();
    }

    /** In a font whose characters all have one width, and those of East Asia two. */
    static int textWidth(String text) {
        return CHARACTER * text.codePoints().map(c -> c < 0x1100 ? 1 : 2).sum();
    }

    // ---- links

    private int parent(int group) {
        return graph.groups().get(group).parent();
    }

    private int level(int group) {
        return group < 0 ? -1 : graph.groups().get(group).level();
    }

    /** From both ends outwards, until both are in one group. */
    private void wire(int from, int to) {
        Port tail = new Port(-1, from, false);
        Port head = new Port(-1, to, false);
        int tailGroup = graph.nodes().get(from).group();
        int headGroup = graph.nodes().get(to).group();
        while (tailGroup != headGroup) {
            if (level(tailGroup) >= level(headGroup)) {
                Port border = new Port(tailGroup, from, false);
                wires.get(tailGroup + 1).add(new Wire(tail, border));
                tail = border;
                tailGroup = parent(tailGroup);
            } else {
                Port border = new Port(headGroup, from, true);
                wires.get(headGroup + 1).add(new Wire(border, head));
                head = border;
                headGroup = parent(headGroup);
            }
        }
        wires.get(tailGroup + 1).add(new Wire(tail, head));
    }

    // ---- boxes

    /** What is in each group: nodes, and groups as negative numbers, by the first node inside. */
    private List<Map<Integer, Integer>> members() {
        List<Map<Integer, Integer>> members = new ArrayList<>();
        graph.groups().forEach(_ -> members.add(new TreeMap<>()));
        members.add(new TreeMap<>());
        boolean[] known = new boolean[groupItems.length];
        for (GraphNode node : graph.nodes()) {
            int group = node.group();
            members.get(group + 1).put(2 * node.id() + 1, node.id());
            int key = 2 * node.id();
            while (group >= 0 && !known[group]) {
                known[group] = true;
                members.get(parent(group) + 1).put(key, -1 - group);
                group = parent(group);
            }
        }
        return members;
    }

    private void arrange(int group, Iterable<Integer> members) {
        List<Item> items = new ArrayList<>();
        for (int member : members) {
            items.add(member >= 0 ? nodeItems[member] : groupItems[-1 - member]);
        }
        List<Link> links = new ArrayList<>();
        List<Path> ends = new ArrayList<>();
        for (Wire wire : wires.get(group + 1)) {
            GraphNode source = graph.nodes().get(wire.from.node);
            int strength = switch (source) {
                case GraphNode.Parameter _ -> 0;
                case GraphNode.Input _ -> 1;
                case GraphNode.Operation _,GraphNode.Closed _ -> 2;
            };
            links.add(new Link(item(wire.from, group, items), at(wire.from, group), item(wire.to, group, items),
                    at(wire.to, group), strength));
            ends.add(new Path(source.id(), wire.to.group < 0 ? wire.to.node : -1, List.of()));
        }
        if (group >= 0 && items.stream().noneMatch(item -> item.pin == Pin.TOP)) {
            items.add(new Item(0, TITLE, Pin.TOP)); // room for the title, which links coming in make otherwise
        }
        Layers layers = new Layers(items, links);
        List<Path> paths = new ArrayList<>();
        for (int i = 0; i < links.size(); i++) {
            paths.add(new Path(ends.get(i).from, ends.get(i).to, layers.route(i)));
        }
        inner.set(group + 1, paths);
        if (group < 0) {
            all = new Box(0, 0, layers.width() + 2 * PAD, layers.height() + 2 * PAD);
        } else {
            enclose(group, layers);
        }
    }

    /** The box of a node or of a group inside this one, or this group's own border. */
    private Item item(Port port, int group, List<Item> items) {
        if (port.group < 0) {
            return nodeItems[port.node];
        }
        if (port.group != group) {
            return groupItems[port.group];
        }
        return ports.computeIfAbsent(port, _ -> {
            Item border = new Item(0, port.entry ? TITLE : 0, port.entry ? Pin.TOP : Pin.BOTTOM);
            items.add(border);
            return border;
        });
    }

    private int at(Port port, int group) {
        return port.group < 0
                ? nodeItems[port.node].width / 2
                : port.group == group ? 0 : padding[port.group] + ports.get(port).x;
    }

    /** Links come in to the right of the title. */
    private void enclose(int group, Layers layers) {
        int title = textWidth(Label.title(graph.groups().get(group))) + 2 * PAD;
        int entry = Integer.MAX_VALUE;
        boolean exit = false;
        for (Wire wire : wires.get(group + 1)) {
            if (wire.from.group == group) {
                entry = Math.min(entry, ports.get(wire.from).x);
            }
            exit |= wire.to.group == group;
        }
        padding[group] = Math.max(PAD, entry == Integer.MAX_VALUE ? 0 : title - entry);
        int width = Math.max(title, padding[group] + layers.width() + PAD);
        groupItems[group] = new Item(width, layers.height() + (exit ? 0 : PAD), Pin.FREE);
    }
}
