package dev.jacobian.data;

import java.nio.file.Path;
import java.util.List;

/**
 * Labelled greyscale images, to train on and to test on. Batches are float32 [n, 1, height, width], normalised to
 * (pixel / 255 − mean) / deviation, with int32 labels [n]. The bytes stay on the Java heap; batches are made on the
 * current device.
 */
public final class ImageDataset {
    private static final double MNIST_MEAN = 0.1307;
    private static final double MNIST_DEVIATION = 0.3081;
    private static final double FASHION_MEAN = 0.2860;
    private static final double FASHION_DEVIATION = 0.3530;
    private static final List<String> DIGITS = List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
    private static final List<String> CLOTHES = List.of("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal",
            "Shirt", "Sneaker", "Bag", "Ankle boot");

    private final Dataset train;
    private final Dataset test;
    private final List<String> classNames;

    private ImageDataset(Dataset train, Dataset test, List<String> classNames) {
        this.train = train;
        this.test = test;
        this.classNames = classNames;
    }

    /**
     * Images of one's own.
     *
     * @param train to train on
     * @param test to test on, of the same size
     * @param classNames the name of each label, from 0 on
     * @param mean what is subtracted from pixels in 0..1
     * @param deviation what they are divided by then, above 0
     * @return the dataset
     * @throws IllegalArgumentException if sizes differ, or if the deviation is not above 0
     * @throws DataException if a label has no name
     */
    public static ImageDataset of(Images train, Images test, List<String> classNames, double mean, double deviation) {
        if (!(deviation > 0) || !Double.isFinite(mean) || !Double.isFinite(deviation)) {
            throw new IllegalArgumentException("image dataset: got mean " + mean + " and deviation " + deviation
                    + ", expected finite numbers and a deviation above 0");
        }
        if (train.height() != test.height() || train.width() != test.width()) {
            throw new IllegalArgumentException("image dataset: got training images of " + train.height() + " × "
                    + train.width() + " and test images of " + test.height() + " × " + test.width()
                    + ", expected one size");
        }
        checkLabels("training", train, classNames.size());
        checkLabels("test", test, classNames.size());
        return new ImageDataset(new ImageSplit(train, mean, deviation), new ImageSplit(test, mean, deviation),
                List.copyOf(classNames));
    }

    private static void checkLabels(String part, Images images, int classes) {
        for (int i = 0; i < images.count(); i++) {
            int label = images.labels()[i] & 0xFF;
            if (label >= classes) {
                throw new DataException("image dataset: got label " + label + " of " + part + " image " + i
                        + ", expected 0.." + (classes - 1) + "; use ImageDataset.of with a name for every class");
            }
        }
    }

    /**
     * MNIST: 60 000 and 10 000 handwritten digits of 28 × 28 pixels, with mean 0.1307 and deviation 0.3081.
     *
     * @param folder with the four IDX files, plain or gzip
     * @return the dataset
     * @throws DataException if a file is missing or damaged
     */
    public static ImageDataset mnist(Path folder) {
        return read(folder, DIGITS, MNIST_MEAN, MNIST_DEVIATION);
    }

    /**
     * Fashion-MNIST: 60 000 and 10 000 articles of clothing of 28 × 28 pixels, with mean 0.2860 and deviation 0.3530.
     *
     * @param folder with the four IDX files, plain or gzip
     * @return the dataset
     * @throws DataException if a file is missing or damaged
     */
    public static ImageDataset fashionMnist(Path folder) {
        return read(folder, CLOTHES, FASHION_MEAN, FASHION_DEVIATION);
    }

    private static ImageDataset read(Path folder, List<String> classNames, double mean, double deviation) {
        MnistFiles files = MnistFiles.in(folder);
        return of(files.train(), files.test(), classNames, mean, deviation);
    }

    /**
     * Handwritten-looking digits that {@link SyntheticDigits} draws, normalised as MNIST.
     *
     * @param seed the same seed gives the same images
     * @param trainCount how many to train on
     * @param testCount how many to test on: others than those
     * @return the dataset
     * @throws IllegalArgumentException if a count is negative or too large
     */
    public static ImageDataset synthetic(long seed, int trainCount, int testCount) {
        Images train = SyntheticDigits.generate(seed, 0, trainCount);
        Images test = SyntheticDigits.generate(seed, trainCount, testCount);
        return of(train, test, DIGITS, MNIST_MEAN, MNIST_DEVIATION);
    }

    /**
     * The examples to train on.
     *
     * @return the training set
     */
    public Dataset train() {
        return train;
    }

    /**
     * The examples to test on.
     *
     * @return the test set
     */
    public Dataset test() {
        return test;
    }

    /**
     * What the labels mean.
     *
     * @return the name of each label, from 0 on
     */
    public List<String> classNames() {
        return classNames;
    }
}
