package dev.jacobian.graph;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Draws boxes and links in rows, from top to bottom (Sugiyama, Tagawa and Toda, 1981): links that pass a row have a place
 * of their own in it; the order within the rows is chosen for few crossings, then positions for straight links. Links bend
 * between rows only, so none runs through a box.
 */
final class Layers {
    /** Links and boxes together; the time is about proportional to it. */
    static final int MOST = 100_000;
    private static final int ROW_GAP = 24;
    private static final int BORDER_GAP = 10;
    private static final int BOX_GAP = 14;
    private static final int LINE_GAP = 10;
    private static final int ORDER_SWEEPS = 12;
    private static final int PLACE_SWEEPS = 40;

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
        private int order;
        private Item before;
        private Item after;
        private Block block;
        /** How far its left side is from the block's. */
        private int shift;
        private final List<Step> ups = new ArrayList<>();
        private final List<Step> downs = new ArrayList<>();

        Item(int width, int height, Pin pin) {
            this(width, height, pin, false);
        }

        private Item(int width, int height, Pin pin, boolean passing) {
            this.width = width;
            this.height = height;
            this.pin = pin;
            this.passing = passing;
        }

        private double left() {
            return block.x + shift;
        }
    }

    /** A link from one box to another, at given distances from their left sides. A box follows the strongest it has. */
    record Link(Item from, int fromAt, Item to, int toAt, int strength) {}

    /** The part of a link between two neighbouring rows. */
    private record Step(Item up, int upAt, Item down, int downAt, int strength) {
        int weight() {
            return up.passing ? down.passing ? 2 : 1 : down.passing ? 1 : 3;
        }

        double pull() {
            return strength == 0 ? 0.1 : 1;
        }

        /** How far it is from the middle of the links of both ends. */
        int offCentre() {
            return Math.abs(2 * up.downs.indexOf(this) + 1 - up.downs.size())
                    + Math.abs(2 * down.ups.indexOf(this) + 1 - down.ups.size());
        }
    }

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
        placeAcross();
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

    // ---- positions

    private void placeAcross() {
        List<Block> blocks = blocks();
        for (Block block : blocks) {
            block.x = block.leftBound();
        }
        for (int sweep = 0; sweep < PLACE_SWEEPS; sweep++) {
            (sweep % 2 == 0 ? blocks.reversed() : blocks).forEach(Block::approach);
        }
        double left = blocks.stream().flatMap(block -> block.items.stream()).mapToDouble(Item::left).min().orElse(0);
        rows.forEach(row -> row.forEach(item -> item.x = (int) Math.round(item.left() - left)));
        rows.forEach(row -> row.forEach(item -> width = Math.max(width, item.x + item.width)));
    }

    /** The blocks, each after those that are left of it in some row. */
    private List<Block> blocks() {
        alignAll();
        Map<Block, Integer> open = new LinkedHashMap<>();
        for (List<Item> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                Item item = row.get(i);
                item.before = i == 0 ? null : row.get(i - 1);
                item.after = i + 1 == row.size() ? null : row.get(i + 1);
                open.merge(item.block, i == 0 ? 0 : 1, Integer::sum);
            }
        }
        var ready = new ArrayDeque<Block>();
        open.forEach((block, before) -> {
            if (before == 0) {
                ready.add(block);
            }
        });
        List<Block> sorted = new ArrayList<>();
        while (!ready.isEmpty()) {
            Block block = ready.poll();
            sorted.add(block);
            for (Item item : block.items) {
                if (item.after != null && open.merge(item.after.block, -1, Integer::sum) == 0) {
                    ready.add(item.after.block);
                }
            }
        }
        return sorted;
    }

    /** Makes links straight, the important ones first: one above and one below each item, if no two of them cross. */
    private void alignAll() {
        rows.forEach(row -> row.forEach(item -> item.block = new Block(item)));
        for (List<Item> row : rows) {
            TreeMap<Integer, Integer> straight = new TreeMap<>();
            row.stream().flatMap(item -> item.downs.stream())
                    .sorted(Comparator.comparingInt((Step step) -> -step.strength)
                            .thenComparingInt(step -> -step.weight())
                            .thenComparingInt(Step::offCentre))
                    .forEach(step -> {
                        var before = straight.floorEntry(step.up.order);
                        var after = straight.ceilingEntry(step.up.order);
                        if ((before == null || before.getValue() < step.down.order)
                                && (after == null || after.getValue() > step.down.order)) {
                            straight.put(step.up.order, step.down.order);
                            step.up.block.join(step);
                        }
                    });
        }
    }

    /** Items one below the other whose links are straight lines. */
    private static final class Block {
        private final List<Item> items = new ArrayList<>();
        private double x;

        Block(Item first) {
            items.add(first);
        }

        void join(Step step) {
            int shift = step.up.shift + step.upAt - step.downAt - step.down.shift;
            for (Item item : step.down.block.items) {
                item.shift += shift;
                item.block = this;
                items.add(item);
            }
        }

        double leftBound() {
            return items.stream().filter(item -> item.before != null)
                    .mapToDouble(item -> item.before.left() + item.before.width + gap(item.before, item) - item.shift)
                    .max().orElse(x);
        }

        private double rightBound() {
            return items.stream().filter(item -> item.after != null)
                    .mapToDouble(item -> item.after.left() - item.width - gap(item, item.after) - item.shift)
                    .min().orElse(Double.POSITIVE_INFINITY);
        }

        /** Goes as near as its neighbours allow to where links to other blocks would be shortest. */
        void approach() {
            double sum = 0;
            double weights = 0;
            for (Item item : items) {
                for (Step step : item.ups) {
                    if (step.up.block != this) {
                        sum += step.pull() * (step.up.left() + step.upAt - step.downAt - item.shift);
                        weights += step.pull();
                    }
                }
                for (Step step : item.downs) {
                    if (step.down.block != this) {
                        sum += step.pull() * (step.down.left() + step.downAt - step.upAt - item.shift);
                        weights += step.pull();
                    }
                }
            }
            if (weights > 0) {
                double left = items.stream().anyMatch(item -> item.before != null)
                        ? leftBound()
                        : Double.NEGATIVE_INFINITY;
                x = Math.max(left, Math.min(rightBound(), sum / weights));
            }
        }

        private static int gap(Item a, Item b) {
            return a.passing && b.passing ? LINE_GAP : BOX_GAP;
        }
    }

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
