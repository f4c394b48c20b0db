package dev.jacobian.train;

import dev.jacobian.backend.Device;
import dev.jacobian.data.DataLoader;
import dev.jacobian.data.Dataset;
import dev.jacobian.loss.Loss;
import dev.jacobian.nn.Layer;
import dev.jacobian.optim.Optimizer;
import dev.jacobian.optim.Schedule;
import dev.jacobian.tensor.Param;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.function.BooleanSupplier;

/**
 * The training loop:
 *
 * <pre>{@code
 * var history = Trainer.of(model)
 *         .loss(new CrossEntropyLoss())
 *         .optimizer(new AdamW(model.parameters(), 1e-3))
 *         .schedule(CosineSchedule::new)
 *         .metric(new Accuracy())
 *         .epochs(3)
 *         .batchSize(128)
 *         .fit(train, validation);
 * }</pre>
 *
 * <p>Loss and optimiser must be given. By default: one epoch, batches of 32, shuffled, the smaller last one kept, two
 * batches fetched ahead; no schedule, no clipping, no metrics; progress in the {@link ProgressView} that is installed,
 * or else as a line for each epoch on the standard output.
 *
 * <p>A loss that is NaN or infinite ends training with a {@link TrainingDivergedException} that names the step. Where a
 * device computes while the program goes on, it is noticed up to 32 steps later; weights are those of the last good
 * epoch in any case. Whatever else ends training leaves weights, the optimiser's state and the random numbers as the
 * last whole step left them, and no gradients: after an
 * {@link dev.jacobian.memory.OutOfDeviceMemoryException}, one can go on with smaller batches. (Running statistics may
 * have seen the batch of the failed step; and an optimiser without a kernel for the device may have updated some of the
 * parameters when memory runs out within its step.) A device that is lost takes all of this with it: then the
 * {@link dev.jacobian.backend.DeviceLostException} names the {@link #checkpoint} to {@link #resume} from.
 */
public final class Trainer {
    private final Layer model;
    private Loss loss;
    private Optimizer optimizer;
    private Schedule.Factory schedule;
    private final List<Metric> metrics = new ArrayList<>();
    private final List<TrainListener> callbacks = new ArrayList<>();
    private TrainListener progress;
    private EarlyStopping earlyStopping;
    private BooleanSupplier stopWhen = () -> false;
    private volatile boolean stopRequested;
    private int epochs = 1;
    private int batchSize = 32;
    private boolean shuffle = true;
    private boolean dropLast;
    private int prefetch = 2;
    private double clipNorm;
    private double clipValue;
    private boolean anomalyDetection;
    private Path checkpoint;
    private Path resume;

    private Trainer(Layer model) {
        this.model = model;
    }

    /**
     * A trainer of a model.
     *
     * @param model what is trained
     * @return a trainer that needs a loss and an optimiser
     */
    public static Trainer of(Layer model) {
        return new Trainer(Objects.requireNonNull(model, "trainer: model is null"));
    }

    /**
     * Sets what is minimised.
     *
     * @param function a loss whose result is one number, a mean over examples
     * @return this
     */
    public Trainer loss(Loss function) {
        loss = function;
        return this;
    }

    /**
     * Sets what changes the weights.
     *
     * @param byGradients an optimiser of the model's parameters
     * @return this
     */
    public Trainer optimizer(Optimizer byGradients) {
        optimizer = byGradients;
        return this;
    }

    /**
     * Sets how the learning rate changes from step to step. When training is over, the optimiser has the learning rate
     * again that it had before.
     *
     * @param factory makes a schedule, given the optimiser and the number of steps of all epochs
     * @return this
     */
    public Trainer schedule(Schedule.Factory factory) {
        schedule = factory;
        return this;
    }

    /**
     * Adds a measure.
     *
     * @param metric what is measured in each epoch, beside the loss
     * @return this
     * @throws IllegalArgumentException if there is one of that name
     */
    public Trainer metric(Metric metric) {
        if (metric.name().equals("loss") || metrics.stream().anyMatch(other -> other.name().equals(metric.name()))) {
            throw new IllegalArgumentException(
                    "trainer: got metric '" + metric.name() + "' twice, expected each name once,"
                            + " and none that is 'loss'");
        }
        metrics.add(metric);
        return this;
    }

    /**
     * Adds a listener.
     *
     * @param listener is told how training goes, after those added before, and before the view of the progress
     * @return this
     */
    public Trainer callback(TrainListener listener) {
        callbacks.add(Objects.requireNonNull(listener, "trainer: callback is null"));
        return this;
    }

    /**
     * Sets the view of the progress.
     *
     * @param view used instead of the one that is installed, and of lines
     * @return this
     */
    public Trainer progress(TrainListener view) {
        progress = Objects.requireNonNull(view, "trainer: progress is null; use quiet() for none");
        return this;
    }

    /**
     * Shows no progress.
     *
     * @return this
     */
    public Trainer quiet() {
        return progress(new TrainListener() {});
    }

    /**
     * Ends training when a measure does not improve any more, and keeps the last weights.
     *
     * @param monitor the measure's key in the {@link History}, such as {@code val_loss}
     * @param patience how many epochs without improvement end training, at least 1
     * @return this
     * @throws IllegalArgumentException if the patience is below 1
     */
    public Trainer earlyStopping(String monitor, int patience) {
        return earlyStopping(monitor, patience, false);
    }

    /**
     * Ends training when a measure does not improve any more. Lower is better for losses, and for metrics what they
     * say.
     *
     * @param monitor the measure's key in the {@link History}, such as {@code val_loss}
     * @param patience how many epochs without improvement end training, at least 1
     * @param restoreBest whether the model gets the weights of its best epoch, also when all epochs were trained
     * @return this
     * @throws IllegalArgumentException if the patience is below 1
     */
    public Trainer earlyStopping(String monitor, int patience, boolean restoreBest) {
        earlyStopping = new EarlyStopping(monitor, patience, restoreBest);
        return this;
    }

    /**
     * Ends training after the step at which a condition holds; see {@link #stop}.
     *
     * @param condition asked after every step
     * @return this
     */
    public Trainer stopWhen(BooleanSupplier condition) {
        stopWhen = Objects.requireNonNull(condition, "trainer: condition is null");
        return this;
    }

    /**
     * Asks {@link #fit} to return after the step that it is at, from any thread. What was learnt stays; the history
     * says that training was interrupted. Interrupting the thread that trains does the same.
     */
    public void stop() {
        stopRequested = true;
    }

    /**
     * Sets how often all examples are used.
     *
     * @param count at least 1
     * @return this
     * @throws IllegalArgumentException if it is below 1
     */
    public Trainer epochs(int count) {
        epochs = atLeastOne("epochs", count);
        return this;
    }

    /**
     * Sets how many examples make one step.
     *
     * @param examples at least 1
     * @return this
     * @throws IllegalArgumentException if it is below 1
     */
    public Trainer batchSize(int examples) {
        batchSize = atLeastOne("batch size", examples);
        return this;
    }

    private static int atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException("trainer: got " + name + " " + value + ", expected at least 1");
        }
        return value;
    }

    /**
     * Whether each epoch takes the examples in a new random order.
     *
     * @param on true, as by default, to shuffle
     * @return this
     */
    public Trainer shuffle(boolean on) {
        shuffle = on;
        return this;
    }

    /**
     * Whether training leaves a last batch out that has fewer examples.
     *
     * @param on true to leave it out
     * @return this
     */
    public Trainer dropLast(boolean on) {
        dropLast = on;
        return this;
    }

    /**
     * Sets how many batches are fetched ahead; see {@link DataLoader#prefetch}.
     *
     * @param count at least 0
     * @return this
     */
    public Trainer prefetch(int count) {
        prefetch = count;
        return this;
    }

    /**
     * Limits the norm of all gradients together in each step.
     *
     * @param max the largest norm, above 0
     * @return this
     * @throws IllegalArgumentException if it is not above 0
     */
    public Trainer clipNorm(double max) {
        clipNorm = aboveZero("clip norm", max);
        return this;
    }

    /**
     * Limits each element of the gradients in each step, after {@link #clipNorm}.
     *
     * @param max the largest magnitude, above 0
     * @return this
     * @throws IllegalArgumentException if it is not above 0
     */
    public Trainer clipValue(double max) {
        clipValue = aboveZero("clip value", max);
        return this;
    }

    private static double aboveZero(String name, double value) {
        if (!(value > 0)) {
            throw new IllegalArgumentException("trainer: got " + name + " " + value + ", expected a number above 0");
        }
        return value;
    }

    /**
     * Whether each operation's result is checked, so that a NaN ends training where it first appears and the message
     * names the layer; also in the validation of {@link #fit}. Slow.
     *
     * @param on true to check
     * @return this
     */
    public Trainer anomalyDetection(boolean on) {
        anomalyDetection = on;
        return this;
    }

    /**
     * Writes a checkpoint after each epoch, for {@link #resume}: weights, the optimiser's state, the state of the random
     * numbers, the epoch and the history, in one safetensors file. The file is replaced at once, so that there always is
     * a complete one after the first epoch.
     *
     * @param file the file
     * @return this
     */
    public Trainer checkpoint(Path file) {
        checkpoint = Objects.requireNonNull(file, "trainer: checkpoint file is null");
        return this;
    }

    /**
     * Has the next {@link #fit} go on from a checkpoint. With the same model, data and settings, in this program or
     * another, its epochs give the same bits as those of a training that was never interrupted. The history contains the
     * epochs before, too. Settings are the trainer's: so one may go on with other batches, or for more epochs.
     *
     * @param file what {@link #checkpoint} wrote; {@code fit} fails if it does not fit the model, the optimiser, or what
     *        is measured
     * @return this
     */
    public Trainer resume(Path file) {
        resume = Objects.requireNonNull(file, "trainer: file to resume from is null");
        return this;
    }

    /**
     * Trains.
     *
     * @param train the examples to train on
     * @return what was measured
     * @throws TrainingDivergedException if the loss or the weights are not finite any more
     */
    public History fit(Dataset train) {
        return run(train, null);
    }

    /**
     * Trains, and measures after each epoch on other examples.
     *
     * @param train the examples to train on
     * @param validation the examples to measure on
     * @return what was measured
     * @throws TrainingDivergedException if the loss or the weights are not finite any more
     */
    public History fit(Dataset train, Dataset validation) {
        return run(train, Objects.requireNonNull(validation, "fit: validation is null; leave it out for none"));
    }

    private History run(Dataset train, Dataset validation) {
        requireLoss("fit");
        if (optimizer == null) {
            throw new IllegalStateException("fit: no optimizer; add optimizer(new AdamW(model.parameters(), 1e-3))");
        }
        DataLoader loader = new DataLoader(train, batchSize).shuffle(shuffle).dropLast(dropLast).prefetch(prefetch);
        if (loader.batches() == 0) {
            throw new IllegalArgumentException("fit: got " + train.size() + " examples for batches of " + batchSize
                    + (dropLast ? " without a smaller last one" : "") + ", expected at least one batch");
        }
        if (checkpoint != null && !Files.isDirectory(checkpoint.toAbsolutePath().getParent())) {
            throw new IllegalArgumentException("fit: got checkpoint " + checkpoint
                    + ", expected a file in a folder that there is; create the folder first");
        }
        EarlyStopping.Watch watch = watch(validation != null);
        LayerModes modes = new LayerModes(model);
        double lr = optimizer.lr();
        try (var _ = device().use()) {
            model.train();
            int totalSteps = Math.multiplyExact(epochs, loader.batches());
            return new TrainRun(new TrainRun.Setup(model, this, loss, optimizer,
                    schedule == null ? null : schedule.create(optimizer, totalSteps), List.copyOf(metrics),
                    measures(validation != null), listeners(), watch, () -> stopRequested || stopWhen.getAsBoolean(),
                    loader, validation, epochs, clipNorm, clipValue, anomalyDetection, checkpoint, resume)).run();
        } finally {
            stopRequested = false;
            resume = null;
            modes.restore();
            if (schedule != null) {
                optimizer.setLr(lr);
            }
        }
    }

    private EarlyStopping.Watch watch(boolean validated) {
        if (earlyStopping == null) {
            return null;
        }
        List<String> keys = measures(validated);
        String monitor = earlyStopping.monitor();
        if (!keys.contains(monitor)) {
            throw new IllegalArgumentException("early stopping: got measure '" + monitor + "', expected one of " + keys
                    + (validated ? "" : "; give fit validation data for more"));
        }
        boolean higherIsBetter = metrics.stream().anyMatch(metric -> metric.higherIsBetter()
                && (monitor.equals(metric.name()) || monitor.equals("val_" + metric.name())));
        return earlyStopping.watch(higherIsBetter);
    }

    /** The keys of the history. */
    private List<String> measures(boolean validated) {
        List<String> keys = new ArrayList<>();
        for (String prefix : validated ? List.of("", "val_") : List.of("")) {
            keys.add(prefix + "loss");
            metrics.forEach(metric -> keys.add(prefix + metric.name()));
        }
        return keys;
    }

    private List<TrainListener> listeners() {
        List<TrainListener> all = new ArrayList<>(callbacks);
        if (progress != null) {
            all.add(progress);
        } else {
            ServiceLoader.load(ProgressView.class).findFirst()
                    .ifPresentOrElse(all::add, () -> all.add(TrainListener.printing(System.out)));
        }
        return all;
    }

    /** Where the model is. */
    private Device device() {
        return model.stateDict().values().stream().findFirst().map(Param::device).orElseGet(Device::current);
    }

    private void requireLoss(String operation) {
        if (loss == null) {
            throw new IllegalStateException(operation + ": no loss; add loss(new CrossEntropyLoss())");
        }
    }

    /**
     * Measures the model in evaluation mode, and leaves its layers in the modes that they were in. Uses the metrics of
     * this trainer: not to be called in the middle of an epoch of {@link #fit}.
     *
     * @param data the examples to measure on, at least one
     * @return {@code loss} and the metrics, by name
     * @throws IllegalArgumentException if there are no examples
     */
    public Map<String, Double> evaluate(Dataset data) {
        return evaluate(data, false);
    }

    Map<String, Double> evaluate(Dataset data, boolean detectAnomaly) {
        requireLoss("evaluate");
        if (data.size() == 0) {
            throw new IllegalArgumentException("evaluate: got no examples, expected at least one");
        }
        DataLoader loader = new DataLoader(data, batchSize).prefetch(prefetch);
        LayerModes modes = new LayerModes(model);
        try (var _ = device().use()) {
            model.eval();
            return Evaluation.of(model, loss, metrics, loader, detectAnomaly);
        } finally {
            modes.restore();
            loader.stop();
        }
    }
}
