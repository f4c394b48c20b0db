package dev.jacobian.examples;

import dev.jacobian.backend.Device;
import dev.jacobian.data.Dataset;
import dev.jacobian.examples.dataset.FirstExamples;
import dev.jacobian.examples.dataset.ImageSource;
import dev.jacobian.examples.progress.DownloadProgress;
import dev.jacobian.examples.progress.TrainingProgress;
import dev.jacobian.loss.CrossEntropyLoss;
import dev.jacobian.nn.BatchNorm;
import dev.jacobian.nn.Dropout;
import dev.jacobian.nn.Flatten;
import dev.jacobian.nn.Layer;
import dev.jacobian.nn.Linear;
import dev.jacobian.nn.ReLU;
import dev.jacobian.nn.Sequential;
import dev.jacobian.optim.AdamW;
import dev.jacobian.optim.CosineSchedule;
import dev.jacobian.tensor.Rng;
import dev.jacobian.train.Accuracy;
import dev.jacobian.train.History;
import dev.jacobian.train.Trainer;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Trains a classifier of images. */
@Command(name = "train", description = {
        "Train a classifier of small images: 784 inputs, one hidden layer of 512, 10 classes.",
        "Without --data, images come from the user's cache, else from a download into it; digits, without a network, from a "
                + "generator."}, mixinStandardHelpOptions = true, showDefaultValues = true, sortOptions = false)
final class TrainCommand implements Callable<Integer> {

    /** What there is to train on. */
    enum Images {
        MNIST, FASHION;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

        ImageSource source() {
            return switch (this) {
                case MNIST -> ImageSource.mnist();
                case FASHION -> ImageSource.fashion();
            };
        }
    }

    private static final String THREADS_PROPERTY = "jacobian.threads";
    private static final String SYNTHETIC = "synthetic";

    /** Batch normalisation divides by the spread of a batch: one image has none. */
    private static final int LEAST_BATCH = 2;

    @Parameters(paramLabel = "DATASET", description = "What to learn: ${COMPLETION-CANDIDATES}.")
    private Images images;

    @Option(names = "--data", paramLabel = "DIR", description = "Folder with the four IDX files, plain or gzip; 'synthetic' for digits drawn by the program.")
    private String data;

    @Option(names = "--offline", description = "Download nothing.")
    private boolean offline;

    @Option(names = "--epochs", paramLabel = "N", defaultValue = "3", description = "How often to use all images.")
    private int epochs;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "128", description = "Images in one step, at least 2.")
    private int batch;

    @Option(names = "--lr", paramLabel = "RATE", defaultValue = "5e-3", description = "Learning rate at the start.")
    private double lr;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "42", description = "The same seed gives the same result.")
    private long seed;

    @Option(names = "--limit", paramLabel = "N", description = "Train and test on the first N images only.")
    private Integer limit;

    @Option(names = "--save", paramLabel = "FILE", description = "Write the trained weights, as safetensors; also after Ctrl-C.")
    private Path save;

    @Option(names = "--checkpoint", paramLabel = "FILE", description = "After each epoch, write all that training can go on from.")
    private Path checkpoint;

    @Option(names = "--resume", paramLabel = "FILE", description = "Go on from a checkpoint, and write on to it unless --checkpoint names another file; give the other options as before.")
    private Path resume;

    @Mixin
    private DeviceOption device;

    @Option(names = "--threads", paramLabel = "N", description = "Threads of the CPU backend; one per core if not given.")
    private Integer threads;

    @Option(names = "--no-progress", description = "Show one line for each epoch, and no bar.")
    private boolean noProgress;

    @Option(names = "--quiet", description = "Print the result only.")
    private boolean quiet;

    @Override
    public Integer call() {
        check();
        if (threads != null) {
            System.setProperty(THREADS_PROPERTY, threads.toString());
        }
        device.apply();
        // Not the command line's own writer: progress is shown on the standard output, and both must keep in order.
        PrintStream out = System.out;
        ImageSource.Found found = find(out);
        say(out, "data", found.origin());
        Dataset train = limited(found.images().train());
        Dataset test = limited(found.images().test());
        if (train.size() < LEAST_BATCH) {
            throw new Failure("train: got " + train.size() + " images to train on, expected at least " + LEAST_BATCH);
        }
        say(out, "images", train.size() + " to train on, " + test.size() + " to test on");
        say(out, "device", Device.explanation());
        return train(out, train, test);
    }

    private void check() {
        atLeast(1, "--epochs", epochs);
        atLeast(LEAST_BATCH, "--batch", batch);
        atLeast(LEAST_BATCH, "--limit", limit == null ? LEAST_BATCH : limit);
        atLeast(1, "--threads", threads == null ? 1 : threads);
        if (SYNTHETIC.equals(data) && images != Images.MNIST) {
            throw Failure.usage("train: --data " + SYNTHETIC + " draws digits, not " + images + "; use train "
                    + Images.MNIST + " --data " + SYNTHETIC);
        }
        if (!(lr > 0) || !Double.isFinite(lr)) {
            throw Failure.usage("train: --lr " + lr + " is out of range; give a number above 0, such as 5e-3");
        }
        checkWritable("--save", save);
        checkWritable("--checkpoint", checkpoint);
        if (resume != null && !Files.isRegularFile(resume)) {
            throw Failure.usage("train: --resume: no file " + resume + "; give one that --checkpoint wrote");
        }
    }

    /** Better now than after training. */
    private static void checkWritable(String option, Path name) {
        if (name == null) {
            return;
        }
        Path file = name.toAbsolutePath();
        if (Files.isDirectory(file)) {
            throw Failure.usage("train: " + option + " " + file + " is a folder; give the name of a file");
        }
        if (!Files.isDirectory(file.getParent())) {
            throw Failure.usage("train: " + option + ": no folder " + file.getParent() + "; create it first");
        }
        if (!Files.isWritable(file.getParent())) {
            throw Failure.usage("train: " + option + ": no permission to write into " + file.getParent());
        }
    }

    private static void atLeast(int least, String option, int value) {
        if (value < least) {
            throw Failure.usage("train: " + option + " " + value + " is out of range; give at least " + least);
        }
    }

    private ImageSource.Found find(PrintStream out) {
        ImageSource source = images.source();
        int wanted = limit == null ? Integer.MAX_VALUE : limit;
        if (data == null) {
            return source.find(UserCache.folder(source.name()), offline, wanted,
                    new DownloadProgress(quiet ? System.err : out, !quiet && Terminal.isInteractive()));
        }
        if (data.equals(SYNTHETIC)) {
            return ImageSource.synthetic(wanted, wanted, "--data " + SYNTHETIC);
        }
        return source.in(Path.of(data));
    }

    private Dataset limited(Dataset all) {
        return limit == null ? all : new FirstExamples(all, limit);
    }

    private void say(PrintStream out, String what, String text) {
        if (!quiet) {
            out.printf(Locale.ROOT, "%-10s %s%n", what, text);
            out.flush();
        }
    }

    private int train(PrintStream out, Dataset train, Dataset test) {
        Rng.seed(seed);
        Layer model = new Sequential(new Flatten(), new Linear(784, 512), new BatchNorm(512), new ReLU(),
                new Dropout(0.2),
                new Linear(512, 10));
        Trainer trainer = Trainer.of(model).loss(new CrossEntropyLoss()).optimizer(new AdamW(model.parameters(), lr))
                .schedule(CosineSchedule::new).metric(new Accuracy()).epochs(epochs).batchSize(batch)
                .dropLast(train.size() % batch == 1);
        if (checkpoint != null || resume != null) {
            trainer.checkpoint(checkpoint != null ? checkpoint : resume);
        }
        if (resume != null) {
            trainer.resume(resume);
        }
        TrainingProgress.choose(quiet
                ? TrainingProgress.Mode.NONE
                : noProgress ? TrainingProgress.Mode.EPOCHS : TrainingProgress.Mode.AUTO);
        try (var signal = new StopOnInterrupt(trainer::stop)) {
            History history = trainer.fit(train, test);
            if (!signal.isInterrupted()) { // else the last accuracy is that of older weights than those that are saved
                out.println("accuracy " + history.last("val_accuracy"));
            }
            if (save != null) {
                model.save(save);
                say(out, "saved", save.toString());
            }
            out.flush();
            return signal.isInterrupted() ? ExitCode.INTERRUPTED : ExitCode.OK;
        }
    }
}
