package dev.jacobian.train;

import dev.jacobian.autograd.AnomalyException;
import dev.jacobian.autograd.Autograd;
import dev.jacobian.backend.DeviceLostException;
import dev.jacobian.data.Batch;
import dev.jacobian.data.DataLoader;
import dev.jacobian.data.Dataset;
import dev.jacobian.loss.Loss;
import dev.jacobian.memory.MemoryScope;
import dev.jacobian.nn.Layer;
import dev.jacobian.optim.Gradients;
import dev.jacobian.optim.Optimizer;
import dev.jacobian.optim.Schedule;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** One call of {@link Trainer#fit}. */
final class TrainRun {
    /** What a run is made of. */
    record Setup(
            Layer model,
            Trainer trainer,
            Loss loss,
            Optimizer optimizer,
            Schedule schedule,
            List<Metric> metrics,
            List<String> measures,
            List<TrainListener> listeners,
            EarlyStopping.Watch earlyStopping,
            BooleanSupplier stopRequested,
            DataLoader loader,
            Dataset validation,
            int epochs,
            double clipNorm,
            double clipValue,
            boolean anomalyDetection,
            Path checkpoint,
            Path resume) {}

    private final Setup setup;
    private final Layer model;
    private final Optimizer optimizer;
    private final int steps;
    private final double[] rates;
    private final History history = new History();
    private final TrainClock clock = new TrainClock();
    private Weights lastGood;
    private Path lastCheckpoint;
    private int checkpointEpoch;
    private int epoch;
    private int step;
    private Map<String, Double> measured = Map.of();

    TrainRun(Setup setup) {
        this.setup = setup;
        this.model = setup.model();
        this.optimizer = setup.optimizer();
        this.steps = setup.loader().batches();
        this.rates = new double[steps];
    }

    History run() {
        try {
            boolean ended = setup.resume() != null && resume();
            lastGood = Weights.of(model);
            setup.listeners().forEach(listener -> listener.onTrainStart(event(clock.trainingSeconds())));
            history.end(ended ? History.Ending.STOPPED_EARLY : epochs());
            if (setup.earlyStopping() != null) {
                setup.earlyStopping().finish();
            }
        } catch (DeviceLostException lost) {
            var named = new DeviceLostException(lost.getMessage() + "; training " + whatIsLeft(), lost);
            tellFailure(named);
            throw named;
        } catch (Throwable failure) {
            tellFailure(failure);
            throw failure;
        } finally {
            setup.loader().stop();
        }
        tellEnd();
        return history;
    }

    private void tellFailure(Throwable failure) {
        history.end(History.Ending.FAILED);
        optimizer.zeroGrad(); // a part of a batch's gradient must not reach the next step
        try {
            tellEnd();
        } catch (RuntimeException another) {
            failure.addSuppressed(another);
        }
    }

    private void tellEnd() {
        setup.listeners().forEach(listener -> listener.onTrainEnd(event(clock.trainingSeconds()), history));
    }

    /** Goes back to a checkpoint; returns whether training had stopped early there. */
    private boolean resume() {
        SavedEpoch from = SavedEpoch.load(setup.resume(), model, optimizer);
        if (!from.history().keySet().equals(Set.copyOf(setup.measures()))) {
            throw new IllegalArgumentException("resume from " + setup.resume() + ": got measures "
                    + from.history().keySet() + ", expected " + setup.measures()
                    + "; use the metrics and the kind of data that it was trained with");
        }
        epoch = from.epoch();
        lastCheckpoint = setup.resume();
        checkpointEpoch = epoch;
        history.restore(from.history());
        setup.loader().resume(epoch);
        if (setup.schedule() == null) {
            optimizer.setLr(from.lr());
        } else {
            setup.schedule().resume(Math.multiplyExact(epoch, steps));
        }
        Rng.restore(from.random());
        return setup.earlyStopping() != null && setup.earlyStopping().resume(from.history(), from.best());
    }

    private void writeCheckpoint() {
        if (setup.checkpoint() != null) {
            Weights best = setup.earlyStopping() == null ? null : setup.earlyStopping().bestWeights();
            new SavedEpoch(epoch, optimizer.lr(), Rng.state(), history.toMap(), best)
                    .write(setup.checkpoint(), model, optimizer);
            lastCheckpoint = setup.checkpoint();
            checkpointEpoch = epoch;
        }
    }

    /** Where training can go on when a device has lost all that it held. */
    private String whatIsLeft() {
        String when = step == 0 ? "ended" : "ended " + inStep();
        if (lastCheckpoint != null) {
            return when + "; checkpoint " + lastCheckpoint.toAbsolutePath() + " has the end of epoch "
                    + checkpointEpoch + ": start the program anew, with resume(file) on the trainer, to go on from it";
        }
        return when + (setup.checkpoint() == null
                ? "; there is no checkpoint: checkpoint(file) on the trainer would keep the end of every epoch"
                : "; there is no checkpoint, since no epoch was trained to its end: start anew");
    }

    private History.Ending epochs() {
        while (epoch < setup.epochs()) {
            epoch++;
            Map<String, Double> measures;
            try {
                measures = epoch();
            } catch (AnomalyException anomaly) {
                throw setup.anomalyDetection()
                        ? diverged(anomaly.getMessage(), inStep(), Double.NaN, anomaly)
                        : anomaly;
            }
            if (measures == null) {
                return History.Ending.INTERRUPTED;
            }
            history.add(measures);
            lastGood = Weights.of(model);
            setup.listeners().forEach(listener -> listener.onEpochEnd(event(clock.epochSeconds())));
            boolean ends = setup.earlyStopping() != null && setup.earlyStopping().endsAfter(measures, lastGood);
            writeCheckpoint();
            if (ends) {
                return History.Ending.STOPPED_EARLY;
            }
            if (epoch < setup.epochs() && isStopRequested()) {
                return History.Ending.INTERRUPTED;
            }
        }
        return History.Ending.COMPLETED;
    }

    /** Returns what the epoch measured, or null if it was interrupted. */
    private Map<String, Double> epoch() {
        step = 0;
        measured = Map.of();
        clock.beginEpoch();
        Rng.resume(Rng.step()); // whatever drew numbers in a step that failed, or in a validation
        setup.listeners().forEach(listener -> listener.onEpochStart(event(clock.epochSeconds())));
        try (Measures measures = new Measures(setup.metrics())) {
            boolean interrupted = false;
            for (Batch batch : setup.loader()) {
                step++;
                step(batch, measures);
                if (step == steps || isStepReadable(batch)) {
                    measured = measures.values("");
                }
                setup.listeners().forEach(listener -> listener.onStep(event(clock.epochSeconds())));
                interrupted = step < steps && isStopRequested();
                if (interrupted) {
                    break;
                }
            }
            measures.meter().flush();
            checkLoss(measures.meter());
            checkWeights(measures.meter());
            if (interrupted) {
                return null;
            }
        }
        if (setup.validation() != null) {
            Map<String, Double> all = new LinkedHashMap<>(measured);
            validate().forEach((key, value) -> all.put("val_" + key, value));
            measured = Collections.unmodifiableMap(all);
        }
        return measured;
    }

    private Map<String, Double> validate() {
        try {
            return setup.trainer().evaluate(setup.validation(), setup.anomalyDetection());
        } catch (AnomalyException anomaly) {
            throw setup.anomalyDetection()
                    ? diverged(anomaly.getMessage(), "in the validation of epoch " + epoch, Double.NaN, anomaly)
                    : anomaly;
        }
    }

    private boolean isStepReadable(Batch batch) {
        return LossMeter.isHostMemory(batch.input()) || clock.isTimeToRead();
    }

    private boolean isStopRequested() {
        return setup.stopRequested().getAsBoolean() || Thread.currentThread().isInterrupted();
    }

    private void step(Batch batch, Measures measures) {
        int examples = batch.size();
        rates[step - 1] = optimizer.lr();
        // Not around the loader: its own operations are not checked, a NaN of the data's is found in the model.
        try (var _ = MemoryScope.open("of a training step");
                Autograd.ModeScope _ = setup.anomalyDetection() ? Autograd.detectAnomaly() : () -> {}) {
            Tensor prediction = model.call(batch.input());
            Tensor loss = setup.loss().call(prediction, batch.target());
            measures.add(prediction, batch.target(), loss, examples);
            checkLoss(measures.meter());
            loss.backward();
            clip();
            optimizer.step();
        }
        if (setup.schedule() != null) {
            setup.schedule().step();
        }
        clock.count(examples);
    }

    private void clip() {
        if (setup.clipNorm() > 0) {
            Gradients.clipNorm(optimizer.parameters(), setup.clipNorm());
        }
        if (setup.clipValue() > 0) {
            Gradients.clipValue(optimizer.parameters(), setup.clipValue());
        }
    }

    private void checkLoss(LossMeter meter) {
        if (meter.badStep() > 0) {
            step = meter.badStep();
            throw diverged("the loss is " + meter.badLoss(), inStep(), meter.badLoss(), null);
        }
    }

    /** The last update of an epoch shows in no loss. */
    private void checkWeights(LossMeter meter) {
        if (!Weights.areFinite(model)) {
            throw diverged("the weights are not finite any more, with loss " + meter.value(), inStep(), meter.value(),
                    null);
        }
    }

    private String inStep() {
        return "in step " + step + " of " + steps + " of epoch " + epoch;
    }

    private TrainingDivergedException diverged(String what, String where, double loss, Throwable cause) {
        lastGood.restore();
        double lr = step == 0 ? optimizer.lr() : rates[step - 1]; // the optimiser's own may be a later step's by now
        optimizer.reset();
        String good = epoch == 1 ? "the start" : "the end of epoch " + (epoch - 1);
        return new TrainingDivergedException(
                "training: " + what + " " + where + " of " + setup.epochs()
                        + ", expected finite numbers; the weights of " + good
                        + " are restored; try a smaller learning rate (it was " + lr + "), clipNorm"
                        + (cause == null ? ", or anomalyDetection(true) to find the layer that it comes from" : ""),
                epoch, step,
                loss, cause);
    }

    private TrainEvent event(double seconds) {
        return new TrainEvent(epoch, setup.epochs(), step, steps, measured, optimizer.lr(), seconds,
                clock.examplesPerSecond());
    }
}
