package dev.jacobian.examples.dataset;

import dev.jacobian.data.ImageDataset;
import dev.jacobian.examples.Failure;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;

/**
 * Where a command's images come from: a folder that was named, else the user's cache, else a download into it, else, for
 * digits, a generator. Which of them it was, {@link Found} says.
 */
public final class ImageSource {

    /** How many synthetic digits there are to train on. */
    public static final int SYNTHETIC_TRAIN = 20_000;

    /** How many other synthetic digits there are to test on. */
    public static final int SYNTHETIC_TEST = 4_000;

    private static final long SYNTHETIC_SEED = 1;
    private static final Duration PATIENCE = Duration.ofMillis(1500);
    private static final Duration STALL = Duration.ofSeconds(20);

    private final String name;
    private final String title;
    private final Function<Path, ImageDataset> reader;
    private final boolean digits;

    private ImageSource(String name, String title, Function<Path, ImageDataset> reader, boolean digits) {
        this.name = name;
        this.title = title;
        this.reader = reader;
        this.digits = digits;
    }

    /**
     * Handwritten digits.
     *
     * @return MNIST, and without it digits that the program draws
     */
    public static ImageSource mnist() {
        return new ImageSource("mnist", "MNIST", ImageDataset::mnist, true);
    }

    /**
     * Articles of clothing.
     *
     * @return Fashion-MNIST
     */
    public static ImageSource fashion() {
        return new ImageSource("fashion-mnist", "Fashion-MNIST", ImageDataset::fashionMnist, false);
    }

    /**
     * Images, and where they are from.
     *
     * @param images the images
     * @param origin for people
     */
    public record Found(ImageDataset images, String origin) {}

    /**
     * The files' name, which is also that of their folder in the cache.
     *
     * @return for example {@code fashion-mnist}
     */
    public String name() {
        return name;
    }

    /**
     * Reads a folder that the user named.
     *
     * @param folder with the four files
     * @return the images
     * @throws dev.jacobian.data.DataException if a file is missing or damaged
     */
    public Found in(Path folder) {
        return new Found(reader.apply(folder), title + " in " + folder);
    }

    /**
     * Digits drawn by the program.
     *
     * @param train how many to train on at most
     * @param test how many to test on at most
     * @param why why no others
     * @return the images
     */
    public static Found synthetic(int train, int test, String why) {
        return new Found(ImageDataset.synthetic(SYNTHETIC_SEED, Math.min(train, SYNTHETIC_TRAIN),
                Math.min(test, SYNTHETIC_TEST)), "synthetic digits, drawn by this program (" + why + ")");
    }

    /**
     * Looks in the cache, downloads when allowed, or draws.
     *
     * @param cache the data set's folder in the cache
     * @param offline whether nothing is to be downloaded
     * @param limit how many images are wanted at most
     * @param listener hears of the download; see {@link DownloadView}
     * @return the images
     * @throws Failure if there are none, and none can be drawn
     */
    public Found find(Path cache, boolean offline, int limit, DownloadView listener) {
        Catalogue catalogue = Catalogue.of(name);
        String why;
        try {
            if (Downloader.missing(catalogue, cache).isEmpty()) {
                return in(cache);
            }
            why = "no --data, none in " + cache;
            if (!offline) {
                new Downloader(PATIENCE, STALL).fetch(catalogue, cache, listener);
                return new Found(reader.apply(cache), title + ", downloaded to " + cache);
            }
        } catch (IOException failed) {
            why = "no --data, none in " + cache + ", no download: " + failed.getMessage();
        }
        if (digits) {
            return synthetic(limit, limit, why);
        }
        throw new Failure("train: " + title + " is not here: " + why
                + "; put its four files into a folder and give --data FOLDER");
    }
}
