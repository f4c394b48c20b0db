package dev.jacobian.graph;

import dev.jacobian.graph.Layers.Item;
import dev.jacobian.graph.Layers.Step;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where the items of ordered rows are from left to right. What is linked is put one below the other where it can be, in
 * columns whose links are straight (as Brandes and Köpf, 2001, have them); then each column in turn goes where its other
 * links are shortest.
 */
final class Columns {
    private static final int BOX_GAP = 14;
    private static final int LINE_GAP = 10;
    private static final int SWEEPS = 40;

    private final List<List<Item>> rows;

    Columns(List<List<Item>> rows) {
        this.rows = rows;
    }

    /** Sets each item's distance from the left of the drawing. */
    void place() {
        for (List<Item> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                Item item = row.get(i);
                item.before = i == 0 ? null : row.get(i - 1);
                item.after = i + 1 == row.size() ? null : row.get(i + 1);
                item.column = new Column(item);
            }
        }
        for (int i = 0; i + 1 < rows.size(); i++) {
            align(rows.get(i));
        }
        List<Column> columns = fromLeft();
        columns.forEach(column -> column.x = column.hasLeft() ? column.leftmost() : 0);
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            (sweep % 2 == 0 ? columns.reversed() : columns).forEach(Column::approach);
        }
        double left = columns.stream().flatMap(column -> column.items.stream()).mapToDouble(Columns::left).min()
                .orElse(0);
        rows.forEach(row -> row.forEach(item -> item.x = (int) Math.round(left(item) - left)));
    }

    /** Makes links from a row to the next straight, important ones first: one at each end, and none that cross. */
    private static void align(List<Item> row) {
        record Choice(Step step, int weight, int offCentre) {}
        List<Choice> choices = new ArrayList<>();
        for (Item item : row) {
            for (int i = 0; i < item.downs.size(); i++) {
                choices.add(new Choice(item.downs.get(i), weight(item.downs.get(i)),
                        Math.abs(2 * i + 1 - item.downs.size())));
            }
        }
        choices.sort(Comparator.comparingInt((Choice choice) -> -choice.step.strength())
                .thenComparingInt(choice -> -choice.weight).thenComparingInt(Choice::offCentre));
        TreeMap<Integer, Integer> straight = new TreeMap<>(); // from places in this row to places in the next
        for (Choice choice : choices) {
            int up = choice.step.up().order;
            int down = choice.step.down().order;
            Map.Entry<Integer, Integer> before = straight.floorEntry(up);
            Map.Entry<Integer, Integer> after = straight.ceilingEntry(up);
            if ((before == null || before.getValue() < down) && (after == null || after.getValue() > down)) {
                straight.put(up, down);
                choice.step.up().column.join(choice.step);
            }
        }
    }

    /** The way through the boxes matters most, then that what passes many rows does so straight. */
    private static int weight(Step step) {
        return step.up().passing != step.down().passing ? 1 : step.up().passing ? 2 : 3;
    }

    /** The columns, each after those that are left of it in some row. */
    private List<Column> fromLeft() {
        Map<Column, Integer> open = new LinkedHashMap<>();
        rows.forEach(row -> row.forEach(item -> open.merge(item.column, item.before == null ? 0 : 1, Integer::sum)));
        var ready = new ArrayDeque<Column>();
        open.forEach((column, count) -> {
            if (count == 0) {
                ready.add(column);
            }
        });
        List<Column> sorted = new ArrayList<>();
        while (!ready.isEmpty()) {
            Column column = ready.poll();
            sorted.add(column);
            for (Item item : column.items) {
                if (item.after != null && open.merge(item.after.column, -1, Integer::sum) == 0) {
                    ready.add(item.after.column);
                }
            }
        }
        return sorted;
    }

    private static double left(Item item) {
        return item.column.x + item.shift;
    }

    private static int gap(Item a, Item b) {
        return a.passing && b.passing ? LINE_GAP : BOX_GAP;
    }

    /** Items one below the other, each at a fixed distance from the column's place. */
    static final class Column {
        private final List<Item> items = new ArrayList<>();
        private double x;

        private Column(Item first) {
            items.add(first);
        }

        /** Takes in the item below, which is alone so far. */
        private void join(Step step) {
            Item below = step.down();
            below.shift = step.up().shift + step.upAt() - step.downAt();
            below.column = this;
            items.add(below);
        }

        private boolean hasLeft() {
            return items.stream().anyMatch(item -> item.before != null);
        }

        private double leftmost() {
            return items.stream().filter(item -> item.before != null)
                    .mapToDouble(item -> left(item.before) + item.before.width + gap(item.before, item) - item.shift)
                    .max().orElse(Double.NEGATIVE_INFINITY);
        }

        private double rightmost() {
            return items.stream().filter(item -> item.after != null)
                    .mapToDouble(item -> left(item.after) - item.width - gap(item, item.after) - item.shift)
                    .min().orElse(Double.POSITIVE_INFINITY);
        }

        /** Goes as near as its neighbours allow to the mean of where its links are straight. */
        private void approach() {
            double sum = 0;
            double weights = 0;
            for (Item item : items) {
                for (Step step : item.ups) {
                    if (step.up().column != this) {
                        sum += pull(step) * (left(step.up()) + step.upAt() - step.downAt() - item.shift);
                        weights += pull(step);
                    }
                }
                for (Step step : item.downs) {
                    if (step.down().column != this) {
                        sum += pull(step) * (left(step.down()) + step.downAt() - step.upAt() - item.shift);
                        weights += pull(step);
                    }
                }
            }
            if (weights > 0) {
                x = Math.max(leftmost(), Math.min(rightmost(), sum / weights));
            }
        }

        private static double pull(Step step) {
            return step.strength() == 0 ? 0.1 : 1;
        }
    }
}
