package dev.jacobian.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes one node of each layer below a level. */
final class Collapse {
    private final Graph graph;
    private final int levels;
    /** The new id of each group that stays open. */
    private final int[] groupIds;
    private final List<GraphGroup> groups = new ArrayList<>();
    private final List<GraphNode> nodes = new ArrayList<>();
    private final List<GraphEdge> edges = new ArrayList<>();

    Collapse(Graph graph, int levels) {
        this.graph = graph;
        this.levels = levels;
        this.groupIds = new int[graph.groups().size()];
    }

    /** What a layer that is closed has inside. */
    private static final class Inside {
        private int last;
        private long parameters;
        private int operations;

        void add(GraphNode node) {
            switch (node) {
                case GraphNode.Input _ -> {
                }
                case GraphNode.Parameter parameter -> parameters += parameter.shape().size();
                case GraphNode.Operation operation -> {
                    operations++;
                    last = operation.id();
                }
                case GraphNode.Closed closed -> {
                    parameters += closed.parameters();
                    operations += closed.operations();
                    last = closed.id();
                }
            }
        }
    }

    Graph graph() {
        for (GraphGroup group : graph.groups()) {
            if (group.level() < levels) {
                groupIds[group.id()] = groups.size();
                groups.add(
                        new GraphGroup(groups.size(), kept(group.parent()), group.level(), group.path(), group.type(),
                                group.call()));
            }
        }
        Map<Integer, Inside> closed = new HashMap<>();
        for (GraphNode node : graph.nodes()) {
            int layer = closed(node.group());
            if (layer >= 0) {
                closed.computeIfAbsent(layer, _ -> new Inside()).add(node);
            }
        }
        addEdges(addNodes(closed));
        return new Graph(nodes, edges, groups, true);
    }

    private int kept(int group) {
        return group < 0 ? -1 : groupIds[group];
    }

    /** The outermost closed layer around a group, or -1. */
    private int closed(int group) {
        int at = group;
        while (at >= 0 && graph.groups().get(at).level() > levels) {
            at = graph.groups().get(at).parent();
        }
        return at >= 0 && graph.groups().get(at).level() == levels ? at : -1;
    }

    /** A closed layer comes where its last operation was, and so after all its inputs. Returns the new ids. */
    private int[] addNodes(Map<Integer, Inside> closed) {
        int[] ids = new int[graph.nodes().size()];
        Map<Integer, Integer> layerIds = new HashMap<>();
        for (GraphNode node : graph.nodes()) {
            int id = nodes.size();
            int layer = closed(node.group());
            Inside inside = closed.get(layer);
            ids[node.id()] = id;
            if (inside == null) {
                nodes.add(moved(node, id));
            } else if (inside.last == node.id()) {
                GraphGroup group = graph.groups().get(layer);
                nodes.add(new GraphNode.Closed(id, kept(group.parent()), group, node.shape(), node.dtype(),
                        inside.parameters, inside.operations));
                layerIds.put(layer, id);
            }
        }
        Arrays.setAll(ids, i -> layerIds.getOrDefault(closed(graph.nodes().get(i).group()), ids[i]));
        return ids;
    }

    private GraphNode moved(GraphNode node, int id) {
        int group = kept(node.group());
        return switch (node) {
            case GraphNode.Input n -> new GraphNode.Input(id, group, n.name(), n.shape(), n.dtype(), n.requiresGrad());
            case GraphNode.Parameter n ->
                new GraphNode.Parameter(id, group, n.name(), n.shape(), n.dtype(), n.requiresGrad());
            case GraphNode.Operation n -> new GraphNode.Operation(id, group, n.name(), n.label(), n.op(), n.fused(),
                    n.shape(), n.dtype());
            case GraphNode.Closed n -> new GraphNode.Closed(id, group, n.layer(), n.shape(), n.dtype(), n.parameters(),
                    n.operations());
        };
    }

    /** A closed layer has each tensor that comes from outside as one input, however many inside use it. */
    private void addEdges(int[] ids) {
        record Way(int tensor, int to) {}
        Map<Integer, Integer> inputs = new HashMap<>();
        Set<Way> known = new HashSet<>();
        List<GraphEdge> found = new ArrayList<>();
        for (GraphEdge edge : graph.edges()) {
            int from = ids[edge.from()];
            int to = ids[edge.to()];
            boolean closed = nodes.get(to) instanceof GraphNode.Closed;
            if (from != to && (!closed || known.add(new Way(edge.from(), to)))) {
                int input = closed ? inputs.merge(to, 1, Integer::sum) - 1 : edge.input();
                found.add(new GraphEdge(from, to, input, edge.shape(), edge.dtype()));
            }
        }
        found.stream().sorted((a, b) -> a.to() != b.to() ? a.to() - b.to() : a.input() - b.input())
                .forEach(edges::add);
    }
}
