package dev.jacobian.train;

/**
 * A view of training's progress that is found by itself: {@link Trainer} shows training in the first one that
 * {@link java.util.ServiceLoader} finds, a new one for each call of {@link Trainer#fit}, instead of printing lines.
 */
public interface ProgressView extends TrainListener {}
