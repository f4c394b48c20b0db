package dev.jacobian.graph;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Draws boxes and links in rows, from top to bottom (Sugiyama, Tagawa and Toda, 1981): links that pass a row have a place
 * of their own in it; the order within the rows is chosen for few crossings, then {@link Columns} for straight links.
 * Links bend between rows only, so none runs through a box.
 */
final class Layers {
    /** Links and boxes together; the time is about proportional to it. */
    static final int MOST = 50_000;
    private static final int ROW_GAP = 24;
    private static final int BORDER_GAP = 10;
    private static final int ORDER_SWEEPS = 12;

    /** Where in the drawing a box has to be. */
    enum Pin {
        FREE, TOP, BOTTOM
    }

    /** A box, or where a link passes a row. */
    static final class Item {
        final int width;
        final int height;
        final Pin pin;
        final boolean passing;
        int x;
        int y;
        private int row;
        /** Its place in its row. */
        int order;
        /** The links to neighbouring rows, from left to right once the order is known. */
        final List<Step> ups = new ArrayList<>();
        final List<Step> downs = new ArrayList<>();
        /** What is beside it in its row, and its place in a column: see {@link Columns}. */
        Item before;
        Item after;
        Columns.Column column;
        int shift;

        Item(int width, int height, Pin pin) {
            this(width, height, pin, false);
        }

        private Item(int width, int height, Pin pin, boolean passing) {
            this.width = width;
            this.height = height;
            this.pin = pin;
            this.passing = passing;
        }
    }

    /** A link from one box to another, at given distances from their left sides. A box follows the strongest it has. */
    record Link(Item from, int fromAt, Item to, int toAt, int strength) {}

    /** The part of a link between two neighbouring rows. */
    record Step(Item up, int upAt, Item down, int downAt, int strength) {}

    private final List<Item> items;
    private final List<Link> links;
    private final List<List<Step>> chains = new ArrayList<>();
    private final List<List<Item>> rows = new ArrayList<>();
    private final List<Integer> tops = new ArrayList<>();
    private final List<Integer> bottoms = new ArrayList<>();
    private int width;

    /** Boxes in the order in which they stand side by side if nothing else matters; links without cycles. */
    Layers(List<Item> items, List<Link> links) {
        this.items = items;
        this.links = links;
        rank();
        split();
        order();
        new Columns(rows).place();
        rows.forEach(row -> row.forEach(item -> width = Math.max(width, item.x + item.width)));
        placeDown();
    }

    int width() {
        return width;
    }

    int height() {
        return bottoms.isEmpty() ? 0 : bottoms.getLast();
    }

    /** A point of a drawing, in pixels. */
    record Point(int x, int y) {}

    /** Where a link runs: points, each below the one before; between points that differ in x it bends. */
    List<Point> route(int link) {
        List<Step> chain = chains.get(link);
        List<Point> points = new ArrayList<>();
        Item first = chain.getFirst().up;
        Item last = chain.getLast().down;
        add(points, first.x + chain.getFirst().upAt, first.pin == Pin.TOP ? first.y : first.y + first.height);
        for (Step step : chain) {
            add(points, step.up.x + step.upAt, bottoms.get(step.up.row));
            add(points, step.down.x + step.downAt, tops.get(step.down.row));
        }
        add(points, last.x + chain.getLast().downAt, last.y);
        return points;
    }

    /** Of points one above the other, the outer two do. */
    private static void add(List<Point> points, int x, int y) {
        Point point = new Point(x, y);
        int count = points.size();
        if (count >= 2 && points.get(count - 1).x == x && points.get(count - 2).x == x) {
            points.set(count - 1, point);
        } else if (count == 0 || !points.getLast().equals(point)) {
            points.add(point);
        }
    }

    // ---- rows

    /** As high as the longest way from above allows; then down to its users what that brings nearer. */
    private void rank() {
        int[] open = new int[items.size()];
        for (int i = 0; i < items.size(); i++) {
            items.get(i).order = i;
        }
        List<List<Item>> into = new ArrayList<>();
        List<List<Item>> outOf = new ArrayList<>();
        items.forEach(_ -> {
            into.add(new ArrayList<>());
            outOf.add(new ArrayList<>());
        });
        for (Link link : links) {
            open[link.to.order]++;
            into.get(link.to.order).add(link.from);
            outOf.get(link.from.order).add(link.to);
        }
        boolean ceiling = items.stream().anyMatch(item -> item.pin == Pin.TOP);
        var ready = new ArrayDeque<Item>();
        var sorted = new ArrayList<Item>();
        items.stream().filter(item -> open[item.order] == 0).forEach(ready::add);
        while (!ready.isEmpty()) {
            Item item = ready.poll();
            sorted.add(item);
            item.row = into.get(item.order).stream().mapToInt(from -> from.row + 1).max()
                    .orElse(ceiling && item.pin != Pin.TOP ? 1 : 0);
            outOf.get(item.order).stream().filter(to -> --open[to.order] == 0).forEach(ready::add);
        }
        int floor = items.stream().filter(item -> item.pin != Pin.BOTTOM).mapToInt(item -> item.row + 1).max()
                .orElse(0);
        items.stream().filter(item -> item.pin == Pin.BOTTOM).forEach(item -> item.row = floor);
        for (Item item : sorted.reversed()) {
            List<Item> users = outOf.get(item.order);
            if (item.pin == Pin.FREE && users.size() >= Math.max(1, into.get(item.order).size())) {
                item.row = users.stream().mapToInt(to -> to.row).min().orElseThrow() - 1;
            }
        }
    }

    /** Gives a link a place in each row that it passes. */
    private void split() {
        long size = items.size();
        for (Link link : links) {
            size += link.to.row - link.from.row;
        }
        if (size > MOST) {
            throw new TooLargeException();
        }
        items.forEach(this::addToRow);
        for (Link link : links) {
            List<Step> chain = new ArrayList<>();
            Item above = link.from;
            int at = link.fromAt;
            while (above.row + 1 < link.to.row) {
                Item passing = new Item(0, 0, Pin.FREE, true);
                passing.row = above.row + 1;
                addToRow(passing);
                chain.add(new Step(above, at, passing, 0, link.strength));
                above = passing;
                at = 0;
            }
            chain.add(new Step(above, at, link.to, link.toAt, link.strength));
            chains.add(chain);
            for (Step step : chain) {
                step.up.downs.add(step);
                step.down.ups.add(step);
            }
        }
    }

    private void addToRow(Item item) {
        while (rows.size() <= item.row) {
            rows.add(new ArrayList<>());
        }
        rows.get(item.row).add(item);
    }

    // ---- order

    private void order() {
        rows.forEach(Layers::number);
        List<List<Item>> best = copy();
        long fewest = crossings();
        for (int sweep = 0; sweep < ORDER_SWEEPS && fewest > 0; sweep++) {
            boolean down = sweep % 2 == 0;
            (down ? rows : rows.reversed()).forEach(row -> sort(row, down));
            long now = crossings();
            if (now < fewest) {
                fewest = now;
                best = copy();
            }
        }
        for (int i = 0; i < rows.size(); i++) {
            rows.set(i, best.get(i));
            number(best.get(i));
        }
        rows.forEach(row -> row.forEach(item -> {
            item.ups.sort(Comparator.comparingDouble(step -> end(step.up, step.upAt)));
            item.downs.sort(Comparator.comparingDouble(step -> end(step.down, step.downAt)));
        }));
    }

    private List<List<Item>> copy() {
        return rows.stream().map(row -> (List<Item>) new ArrayList<>(row)).toList();
    }

    private static void number(List<Item> row) {
        for (int i = 0; i < row.size(); i++) {
            row.get(i).order = i;
        }
    }

    /** By the mean place of the neighbours above or below; who has none stays where it is. */
    private static void sort(List<Item> row, boolean down) {
        record Wish(Item item, double place) {}
        List<Wish> wishes = row.stream().filter(item -> !(down ? item.ups : item.downs).isEmpty())
                .map(item -> new Wish(item, (down ? item.ups : item.downs).stream()
                        .mapToDouble(step -> down ? end(step.up, step.upAt) : end(step.down, step.downAt)).average()
                        .orElseThrow()))
                .sorted(Comparator.comparingDouble(Wish::place)).toList();
        int next = 0;
        for (int i = 0; i < row.size(); i++) {
            Item item = row.get(i);
            if (!(down ? item.ups : item.downs).isEmpty()) {
                row.set(i, wishes.get(next++).item);
            }
        }
        number(row);
    }

    /** A place in a row, within the box too. */
    private static double end(Item item, int at) {
        return item.order + (item.width == 0 ? 0.5 : (double) at / item.width);
    }

    private long crossings() {
        long sum = 0;
        for (List<Item> row : rows) {
            List<Step> steps = new ArrayList<>();
            row.forEach(item -> steps.addAll(item.downs));
            steps.sort(Comparator.comparingDouble((Step step) -> end(step.up, step.upAt))
                    .thenComparingDouble(step -> end(step.down, step.downAt)));
            double[] lower = steps.stream().mapToDouble(step -> end(step.down, step.downAt)).toArray();
            sum += inversions(lower, new double[lower.length], 0, lower.length);
        }
        return sum;
    }

    /** How many pairs are in falling order; sorts by merging. */
    private static long inversions(double[] values, double[] spare, int from, int to) {
        if (to - from < 2) {
            return 0;
        }
        int middle = (from + to) >>> 1;
        long count = inversions(values, spare, from, middle) + inversions(values, spare, middle, to);
        int left = from;
        int right = middle;
        for (int i = from; i < to; i++) {
            if (right == to || (left < middle && values[left] <= values[right])) {
                spare[i] = values[left++];
            } else {
                spare[i] = values[right++];
                count += middle - left;
            }
        }
        System.arraycopy(spare, from, values, from, to - from);
        return count;
    }

    // ---- heights

    private void placeDown() {
        int y = 0;
        for (int i = 0; i < rows.size(); i++) {
            List<Item> row = rows.get(i);
            int height = row.stream().mapToInt(item -> item.height).max().orElse(0);
            tops.add(y);
            bottoms.add(y + height);
            for (Item item : row) {
                item.y = item.ups.isEmpty() ? y + height - item.height : y + (height - item.height) / 2;
            }
            y += height + gap(row, i + 1 < rows.size() ? rows.get(i + 1) : row);
        }
    }

    /** Little room at the border of a group, and more where links go far to the side. */
    private static int gap(List<Item> row, List<Item> next) {
        boolean border = row.getFirst().pin == Pin.TOP || next.getFirst().pin == Pin.BOTTOM;
        int widest = row.stream().flatMap(item -> item.downs.stream())
                .mapToInt(step -> Math.abs(step.up.x + step.upAt - step.down.x - step.downAt)).max().orElse(0);
        return (border ? BORDER_GAP : ROW_GAP) + Math.min(40, widest / 10);
    }

    /** There is more to draw than can be looked at. */
    static final class TooLargeException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }
}
