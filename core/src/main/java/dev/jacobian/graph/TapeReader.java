package dev.jacobian.graph;

import dev.jacobian.autograd.Node;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.memory.Storage;
import dev.jacobian.nn.Layer;
import dev.jacobian.tensor.Param;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the tape behind a tensor. A layer's call records its operations one after the other, those of the layers inside it
 * included: so groups are runs of nodes in the order of recording, and no way leads out of a run and back into it.
 */
final class TapeReader {
    private final Layer model;
    private final IdentityHashMap<Tensor, String> names = new IdentityHashMap<>();
    /** What the memory of each of them is of. */
    private final IdentityHashMap<Storage, String> owners = new IdentityHashMap<>();
    private final List<GraphNode> nodes = new ArrayList<>();
    private final List<GraphEdge> edges = new ArrayList<>();
    private final List<GraphGroup> groups = new ArrayList<>();
    /** How often the layer of a path was called. */
    private final Map<String, Integer> calls = new HashMap<>();
    /** The innermost group of what was recorded last. */
    private int open = -1;

    TapeReader(Map<String, ? extends Tensor> given, Layer model) {
        this.model = model;
        given.forEach(this::name);
        if (model != null) {
            model.stateDict().forEach(this::name);
        }
    }

    private void name(String name, Tensor tensor) {
        names.putIfAbsent(tensor, name);
        owners.putIfAbsent(tensor.storage(), name);
    }

    Graph read(Tensor result) {
        if (result.history() == null && !result.requiresGrad()) {
            throw new IllegalArgumentException("graph: nothing was recorded of how the tensor of shape "
                    + result.shape() + " was computed; compute it outside of noGrad() from parameters that are trained,"
                    + " or from a tensor with requireGrad()");
        }
        IdentityHashMap<Node, Tensor> results = results(result);
        List<Node> tape = results.keySet().stream().sorted(Comparator.comparingLong(Node::number)).toList();
        int[] groupOf = tape.stream().mapToInt(this::enter).toArray();
        IdentityHashMap<Tensor, Integer> places = places(tape, groupOf);
        IdentityHashMap<Object, Integer> ids = new IdentityHashMap<>(); // of tape nodes and of leaves
        for (int i = 0; i < tape.size(); i++) {
            Node node = tape.get(i);
            List<Tensor> inputs = node.inputs();
            for (Tensor input : inputs) {
                if (input.history() == null && !ids.containsKey(input)) {
                    ids.put(input, addLeaf(input, places.get(input), node.layer()));
                }
            }
            Tensor made = results.get(node);
            int id = nodes.size();
            ids.put(node, id);
            nodes.add(new GraphNode.Operation(id, groupOf[i], node.op().name(), names.getOrDefault(made, ""), node.op(),
                    node.isFused(), made.shape(), made.dtype()));
            for (int k = 0; k < inputs.size(); k++) {
                Tensor input = inputs.get(k);
                int from = ids.get(input.history() == null ? input : input.history());
                edges.add(new GraphEdge(from, id, k, input.shape(), input.dtype()));
            }
        }
        if (tape.isEmpty()) {
            addLeaf(result, -1, "");
        }
        return new Graph(nodes, edges, groups, false);
    }

    /** All nodes behind a result, with what each has made. Without recursion: tapes are deep. */
    private static IdentityHashMap<Node, Tensor> results(Tensor result) {
        IdentityHashMap<Node, Tensor> results = new IdentityHashMap<>();
        var found = new ArrayDeque<Tensor>(List.of(result));
        while (!found.isEmpty()) {
            Tensor tensor = found.pop();
            if (tensor.history() != null && results.putIfAbsent(tensor.history(), tensor) == null) {
                tensor.history().inputs().forEach(found::push);
            }
        }
        return results;
    }

    /** The group of a node that is recorded next: leaves layers that it is not in, and enters those that it is in. */
    private int enter(Node node) {
        String path = node.layer();
        while (open >= 0 && !isInside(path, groups.get(open).path())) {
            open = groups.get(open).parent();
        }
        while (!path.equals(open < 0 ? "" : groups.get(open).path())) {
            int level = open < 0 ? 0 : groups.get(open).level() + 1;
            int dot = path.indexOf('.', open < 0 ? 0 : groups.get(open).path().length() + 1);
            String next = dot < 0 ? path : path.substring(0, dot);
            groups.add(
                    new GraphGroup(groups.size(), open, level, next, type(next), calls.merge(next, 1, Integer::sum)));
            open = groups.size() - 1;
        }
        return open;
    }

    private static boolean isInside(String path, String layer) {
        return path.startsWith(layer) && (path.length() == layer.length() || path.charAt(layer.length()) == '.');
    }

    private String type(String path) {
        Layer layer = model;
        for (String name : path.split("\\.", -1)) {
            while (layer != null && layer.children().containsKey("")) {
                layer = layer.children().get(""); // what stands in its place, as in a Checkpoint
            }
            layer = layer == null ? null : layer.children().get(name);
        }
        return layer == null ? "" : layer.typeName();
    }

    /** Where leaves belong: parameters, and what a layer has made for itself, beside those that use them. */
    private IdentityHashMap<Tensor, Integer> places(List<Node> tape, int[] groupOf) {
        IdentityHashMap<Tensor, Integer> places = new IdentityHashMap<>();
        for (int i = 0; i < groupOf.length; i++) {
            int group = groupOf[i];
            for (Tensor input : tape.get(i).inputs()) {
                if (input.history() == null) {
                    places.merge(input, isOfLayers(input) ? group : -1, this::common);
                }
            }
        }
        return places;
    }

    private static boolean isOfLayers(Tensor leaf) {
        return leaf instanceof Param || isMadeInside(leaf);
    }

    /** What nobody took out of a layer's frame was made there. */
    private static boolean isMadeInside(Tensor leaf) {
        MemoryScope scope = leaf.storage().scope();
        return scope != null && scope.isFrame();
    }

    /** The innermost group around two. */
    private int common(int a, int b) {
        int low = Math.min(a, b);
        int high = Math.max(a, b);
        while (high > low) {
            high = groups.get(high).parent();
            if (high < low) {
                int swap = low;
                low = high;
                high = swap;
            }
        }
        return high;
    }

    private int addLeaf(Tensor leaf, int group, String layer) {
        int id = nodes.size();
        String name = names.get(leaf);
        if (leaf instanceof Param param) {
            String path = name != null ? name : layer.isEmpty() ? param.name() : layer + "." + param.name();
            nodes.add(new GraphNode.Parameter(id, group, path, leaf.shape(), leaf.dtype(), leaf.requiresGrad()));
        } else {
            String owner = owners.get(leaf.storage());
            String kind = leaf.requiresGrad() ? "variable" : isMadeInside(leaf) ? "constant" : "input";
            String otherwise = owner != null ? "view of " + owner : kind;
            nodes.add(new GraphNode.Input(id, group, name != null ? name : otherwise, leaf.shape(), leaf.dtype(),
                    leaf.requiresGrad()));
        }
        return id;
    }
}
