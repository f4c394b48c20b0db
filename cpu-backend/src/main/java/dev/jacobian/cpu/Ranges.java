package dev.jacobian.cpu;

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
}
