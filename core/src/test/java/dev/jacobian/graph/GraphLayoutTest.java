package dev.jacobian.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.jacobian.graph.Layers.Point;
import dev.jacobian.graph.Layout.Box;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** What a drawing promises, measured on its coordinates. */
final class GraphLayoutTest {
    @Test
    void drawsModelsWell() {
        GraphModels.all().forEach((name, graph) -> {
            for (int levels = 0; levels <= graph.depth(); levels++) {
                check(name + " with " + levels + " levels", graph.depth(levels));
            }
        });
    }

    @Test
    void drawsAnyGraphWell() {
        SplittableRandom random = new SplittableRandom(11);
        for (int i = 0; i < 150; i++) {
            Graph graph = GraphModels.random(random);
            check("graph " + i, graph);
            check("graph " + i + ", partly closed", graph.depth(graph.depth() / 2));
        }
    }

    private static void check(String name, Graph graph) {
        Layout layout = new Layout(graph, graph.nodes().stream().map(node -> Label.of(node, graph)).toList());
        Box all = new Box(0, 0, layout.width(), layout.height());
        for (GraphNode node : graph.nodes()) {
            Box box = layout.box(node);
            require(contains(around(graph, layout, node.group(), all), box), () -> name + ": " + node);
            for (GraphNode other : graph.nodes().subList(0, node.id())) {
                require(!meet(box, layout.box(other)), () -> name + ": " + node + " and " + other);
            }
            for (GraphGroup group : graph.groups()) {
                require(meet(box, layout.box(group)) == isInside(graph, node.group(), group.id()),
                        () -> name + ": " + node + " and " + group);
            }
        }
        for (GraphGroup group : graph.groups()) {
            Box box = layout.box(group);
            require(contains(around(graph, layout, group.parent(), all), box), () -> name + ": " + group);
            for (GraphGroup other : graph.groups().subList(0, group.id())) {
                require(meet(box, layout.box(other)) == isInside(graph, group.parent(), other.id()),
                        () -> name + ": " + group + " and " + other);
            }
        }
        layout.paths().forEach(path -> check(name, graph, layout, path));
    }

    /** Said so often that the words must cost nothing. */
    private static void require(boolean right, Supplier<String> what) {
        if (!right) {
            fail(what.get());
        }
    }

    private static Box around(Graph graph, Layout layout, int group, Box all) {
        return group < 0 ? all : layout.box(graph.groups().get(group));
    }

    private static boolean isInside(Graph graph, int group, int outer) {
        int at = group;
        while (at >= 0 && at != outer) {
            at = graph.groups().get(at).parent();
        }
        return at == outer;
    }

    private static boolean contains(Box outer, Box inner) {
        return outer.x() <= inner.x() && outer.y() <= inner.y()
                && inner.x() + inner.width() <= outer.x() + outer.width()
                && inner.y() + inner.height() <= outer.y() + outer.height();
    }

    private static boolean contains(Box box, Point point) {
        return contains(box, new Box(point.x(), point.y(), 0, 0));
    }

    private static boolean meet(Box a, Box b) {
        return a.x() < b.x() + b.width() && b.x() < a.x() + a.width() && a.y() < b.y() + b.height()
                && b.y() < a.y() + a.height();
    }

    /** A link runs downwards, through no node, no title, and no group; a part of one inside a group stays there. */
    private static void check(String name, Graph graph, Layout layout, Layout.Path path) {
        List<Point> points = path.points();
        GraphNode from = graph.nodes().get(path.from());
        for (int i = 1; i < points.size(); i++) {
            assertThat(points.get(i).y()).as(name).isGreaterThan(points.get(i - 1).y());
        }
        for (double[] point : samples(points)) {
            for (GraphNode node : graph.nodes()) {
                require(!isInside(point, layout.box(node)), () -> name + ": a link from " + from + " in " + node);
            }
            for (GraphGroup group : graph.groups()) {
                Box box = layout.box(group);
                require(!isInside(point, box) || (contains(box, points.getFirst()) && contains(box, points.getLast())),
                        () -> name + ": a link from " + from + " in " + group);
                Box title = new Box(box.x() + 10, box.y(), Layout.textWidth(Label.title(group)), Layout.TITLE);
                require(!isInside(point, title), () -> name + ": a link through the title of " + group);
            }
        }
        if (path.to() >= 0) {
            Box box = layout.box(graph.nodes().get(path.to()));
            assertThat(points.getLast()).as(name).isEqualTo(new Point(box.x() + box.width() / 2, box.y()));
        }
    }

    private static boolean isInside(double[] point, Box box) {
        double edge = 0.5;
        return point[0] > box.x() + edge && point[0] < box.x() + box.width() - edge && point[1] > box.y() + edge
                && point[1] < box.y() + box.height() - edge;
    }

    /** Points of the lines and curves that a picture draws. */
    private static List<double[]> samples(List<Point> points) {
        List<double[]> samples = new ArrayList<>();
        for (int i = 1; i < points.size(); i++) {
            Point a = points.get(i - 1);
            Point b = points.get(i);
            double middle = (a.y() + b.y()) / 2.0;
            for (double t = 0; t <= 1; t += 1.0 / 16) {
                double s = 1 - t;
                samples.add(new double[] {(s * s * s + 3 * s * s * t) * a.x() + (3 * s * t * t + t * t * t) * b.x(),
                        s * s * s * a.y() + 3 * s * t * middle + t * t * t * b.y()});
            }
        }
        return samples;
    }
}
