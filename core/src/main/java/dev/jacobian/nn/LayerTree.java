package dev.jacobian.nn;

import dev.jacobian.tensor.Param;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedCollection;
import java.util.Set;
import java.util.stream.Collectors;

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
        layer.children().forEach((name, child) -> collectParameters(inner(prefix, name), child, seen, all));
    }

    private static String inner(String prefix, String name) {
        return name.isEmpty() ? prefix : prefix + name + ".";
    }

    static Map<String, Param> state(Layer root) {
        Map<String, Param> all = new LinkedHashMap<>();
        collectState("", root, all);
        return all;
    }

    private static void collectState(String prefix, Layer layer, Map<String, Param> all) {
        layer.ownParameters().forEach((name, param) -> all.put(prefix + name, param));
        layer.ownBuffers().forEach((name, param) -> all.put(prefix + name, param));
        layer.children().forEach((name, child) -> collectState(inner(prefix, name), child, all));
    }

    /** Which of a layer and those inside it are in training mode. */
    static Set<Layer> training(Layer root) {
        return of(root).stream().filter(Layer::isTraining).collect(Collectors.toSet());
    }

    /** Puts these into training mode, and all others of a layer and those inside it into evaluation mode. */
    static void setTraining(Layer root, Set<Layer> training) {
        of(root).forEach(layer -> layer.setOwnTraining(training.contains(layer)));
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
            text.append('\n').append(inner);
            if (!name.isEmpty()) {
                text.append('(').append(name).append("): ");
            }
            format(inner, child, text);
        });
        if (!layer.children().isEmpty()) {
            text.append('\n').append(indent);
        }
        text.append(')');
    }
}
