package dev.jacobian.cpu;

/** Runs the numbered tasks of one piece of work, on several threads where there are several. */
public interface Parallel {

    /**
     * The number of threads that may run tasks at the same time, the caller's included.
     *
     * @return at least 1
     */
    int threads();

    /**
     * Runs tasks 0 to {@code tasks − 1}, each exactly once, and returns when all of them have ended. Free workers
     * claim the next task, so the order and the worker of a task change from run to run: results must not depend on
     * them.
     *
     * @param tasks how many tasks there are; 0 does nothing
     * @param body what a task does
     */
    void run(int tasks, TaskBody body);

    /** What one task does. */
    @FunctionalInterface
    interface TaskBody {

        /**
         * Runs one task.
         *
         * @param task the task's number, from 0
         * @param worker the worker that claimed it, in [0, {@link Parallel#threads()})
         */
        void run(int task, int worker);
    }
}
