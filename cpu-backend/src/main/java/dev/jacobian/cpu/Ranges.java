package dev.jacobian.cpu;

import dev.jacobian.backend.View;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/** Cuts work into chunks that depend on its size only, and gives them to the team where they are worth it. */
final class Ranges {
    /** Elements below which waking another thread costs more than it saves. */
    static final int SERIAL = 32_768;

    private static final int CHUNK = 16_384;

    private Ranges() {}

    /** Works on one range. */
    @FunctionalInterface
    interface Body {
        /** Works on the indices from {@code from} up to, but without, {@code to}. */
        void run(long from, long to);
    }

    /** Runs over the indices 0..size−1 of elements. */
    static void run(Parallel team, long size, Body body) {
        run(team, size, 1, body);
    }

    /** Runs over the indices 0..size−1 of things that cost as much as {@code weight} elements each. */
    static void run(Parallel team, long size, long weight, Body body) {
        if (size * weight <= SERIAL) {
            body.run(0, size);
            return;
        }
        long chunk = Math.max(1, CHUNK / Math.max(1, weight));
        team.run(Math.toIntExact(Math.ceilDiv(size, chunk)), (task, _) -> {
            long from = task * chunk;
            body.run(from, Math.min(size, from + chunk));
        });
    }

    /** Runs numbered tasks that work on so many elements together. */
    static void tasks(Parallel team, int tasks, long elements, IntConsumer body) {
        if (elements <= SERIAL) {
            for (int task = 0; task < tasks; task++) {
                body.accept(task);
            }
            return;
        }
        team.run(tasks, (task, _) -> body.accept(task));
    }

    /** Works on one range of one of several tensors. */
    @FunctionalInterface
    interface TensorBody {
        /** Works on the indices from {@code from} up to, but without, {@code to}, of a tensor. */
        void run(int tensor, long from, long to);
    }

    /** Runs over the elements of several tensors, cut as each alone would be, and all handed out together. */
    static void run(Parallel team, List<View> tensors, TensorBody body) {
        int[] firstTasks = new int[tensors.size()];
        long elements = 0;
        int tasks = 0;
        for (int i = 0; i < firstTasks.length; i++) {
            firstTasks[i] = tasks;
            elements += tensors.get(i).size();
            tasks = Math.addExact(tasks, Math.toIntExact(Math.max(1, Math.ceilDiv(tensors.get(i).size(), CHUNK))));
        }
        if (elements <= SERIAL) {
            for (int i = 0; i < firstTasks.length; i++) {
                body.run(i, 0, tensors.get(i).size());
            }
            return;
        }
        team.run(tasks, (task, _) -> {
            int found = Arrays.binarySearch(firstTasks, task);
            int tensor = found >= 0 ? found : -found - 2;
            long from = (long) (task - firstTasks[tensor]) * CHUNK;
            body.run(tensor, from, Math.min(tensors.get(tensor).size(), from + CHUNK));
        });
    }
}
