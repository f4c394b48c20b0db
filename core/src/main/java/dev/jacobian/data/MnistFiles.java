package dev.jacobian.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The four files of MNIST, or of a data set that is published in the same form, such as Fashion-MNIST.
 *
 * <p>
 * Each name is accepted as it is published ({@code train-images-idx3-ubyte}), as some tools unpack it
 * ({@code train-images.idx3-ubyte}), and with {@code .gz} after it.
 */
public final class MnistFiles {

    private final Path trainImages;
    private final Path trainLabels;
    private final Path testImages;
    private final Path testLabels;

    private MnistFiles(List<Path> found) {
        trainImages = found.get(0);
        trainLabels = found.get(1);
        testImages = found.get(2);
        testLabels = found.get(3);
    }

    /**
     * Finds the four files.
     *
     * @param folder where they lie
     * @return the files, not yet read
     * @throws DataException if the folder or a file is missing; the message lists the names that were looked for
     */
    public static MnistFiles in(Path folder) {
        List<List<String>> wanted = List.of(names("train-images", 3), names("train-labels", 1), names("t10k-images", 3),
                names("t10k-labels", 1));
        if (!Files.isDirectory(folder)) {
            String what = Files.exists(folder) ? "not a folder: " : "missing folder: ";
            throw new DataException("mnist files: " + what + folder + ", expected a folder with" + lines(wanted)
                    + "\ncheck the path");
        }
        List<Path> found = new ArrayList<>();
        List<List<String>> missing = new ArrayList<>();
        for (List<String> names : wanted) {
            Optional<Path> file = names.stream().map(folder::resolve).filter(Files::isRegularFile).findFirst();
            file.ifPresentOrElse(found::add, () -> missing.add(names));
        }
        if (!missing.isEmpty()) {
            throw new DataException("mnist files: missing in " + folder + ": got " + found.size()
                    + " of 4 files, expected also" + lines(missing) + "\nput them there, plain or gzip");
        }
        return new MnistFiles(found);
    }

    private static List<String> names(String stem, int rank) {
        String dash = stem + "-idx" + rank + "-ubyte";
        String dot = stem + ".idx" + rank + "-ubyte";
        return List.of(dash, dash + ".gz", dot, dot + ".gz");
    }

    private static String lines(List<List<String>> files) {
        StringBuilder text = new StringBuilder();
        for (List<String> names : files) {
            text.append("\n  ").append(String.join(" or ", names));
        }
        return text.toString();
    }

    /**
     * Reads the images and labels to train on.
     *
     * @return the training set
     * @throws DataException if a file is damaged or of another kind, or if images and labels differ in number
     */
    public Images train() {
        return read(trainImages, trainLabels);
    }

    /**
     * Reads the images and labels to test on.
     *
     * @return the test set
     * @throws DataException if a file is damaged or of another kind, or if images and labels differ in number
     */
    public Images test() {
        return read(testImages, testLabels);
    }

    private static Images read(Path imageFile, Path labelFile) {
        IdxFile images = IdxFile.read(imageFile, 3);
        IdxFile labels = IdxFile.read(labelFile, 1);
        int[] shape = images.shape();
        if (shape[1] == 0 || shape[2] == 0) {
            throw new DataException("mnist files: empty images: " + imageFile + ", got " + shape[1] + " × " + shape[2]
                    + " pixels, expected at least 1 × 1; download it again");
        }
        if (labels.data().length != shape[0]) {
            throw new DataException("mnist files: count of labels: " + labelFile + ", got " + labels.data().length
                    + " labels, expected " + shape[0] + " as there are images in " + imageFile
                    + "; the two files belong to different sets");
        }
        return new Images(images.data(), labels.data(), shape[0], shape[1], shape[2]);
    }
}
