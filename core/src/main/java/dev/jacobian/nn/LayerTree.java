package dev.jacobian.nn;

import dev.jacobian.tensor.Param;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedCollection;
import java.util.Set;

/** Walks over a layer and those inside it: parents first, in order of registration. */
final class LayerTree {
    private LayerTree() {}

    /**
     * The layer and all inside it, each once. Layers have no equals of their own, so a hash set tells objects
     * apart.
     */
    static SequencedCollection<Layer> of(Layer root) {
        LinkedHashSet<Layer> found = new LinkedHashSet<>();
        collect(root, found);
        return found;
    }

    private static void collect(Layer layer, Set<Layer> found) {
        if (found.add(layer)) {
            layer.children().values().forEach(child -> collect(child, found));
        }
    }

    static Map<String, Param> parameters(Layer root) {
        Map<String, Param> all = new LinkedHashMap<>();
        Set<Param> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        collectParameters("", root, seen, all);
        return all;
    }

    private static void collectParameters(String prefix, Layer layer, Set<Param> seen, Map<String, Param> all) {
        layer.ownParameters().forEach((name, param) -> {
            if (seen.add(param)) {
                all.put(prefix + name, param);
            }
        });
        layer.children().forEach((name, child) -> collectParameters(prefix + name + ".", child, seen, all));
    }

    static Map<String, Param> state(Layer root) {
        Map<String, Param> all = new LinkedHashMap<>();
        collectState("", root, all);
        return all;
    }

    private static void collectState(String prefix, Layer layer, Map<String, Param> all) {
        layer.ownParameters().forEach((name, param) -> all.put(prefix + name, param));
        layer.ownBuffers().forEach((name, param) -> all.put(prefix + name, param));
        layer.children().forEach((name, child) -> collectState(prefix + name + ".", child, all));
    }

    static String format(Layer root) {
        StringBuilder text = new StringBuilder();
        format("", root, text);
        return text.toString();
    }

    private static void format(String indent, Layer layer, StringBuilder text) {
        text.append(layer.typeName()).append('(').append(layer.describe());
        String inner = indent + "  ";
        layer.children().forEach((name, child) -> {
            text.append('\n').append(inner).append('(').append(name).append("): ");
            format(inner, child, text);
        });
        if (!layer.children().isEmpty()) {
            text.append('\n').append(indent);
        }
        text.append(')');
    }
}
