package dev.jacobian.graph;

/**
 * One call of a layer. A layer that is called several times, with something else in between, is as many groups.
 *
 * @param id its place in {@link Graph#groups}; that of a layer around it is lower
 * @param parent the layer around it; -1 for none
 * @param level how many layers are around it
 * @param path the layer's path, such as {@code encoder.0}
 * @param type what kind of layer it is; empty where that is not known
 * @param call which of the layer's calls it is, from 1
 */
public record GraphGroup(int id, int parent, int level, String path, String type, int call) {
    /**
     * What a drawing calls it.
     *
     * @return the last name of its path, its type, and which call it is, if not the first
     */
    public String title() {
        return path.substring(path.lastIndexOf('.') + 1) + (type.isEmpty() ? "" : " · " + type)
                + (call == 1 ? "" : " (call " + call + ")");
    }
}
