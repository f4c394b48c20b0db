package dev.jacobian.data;

import java.util.Objects;

/**
 * Labelled greyscale images as they lie in a file: bytes, not yet tensors.
 *
 * <p>
 * The arrays are handed over, not copied: two objects are equal if they share them, whatever the contents.
 *
 * @param pixels {@code count × height × width} unsigned bytes, row-major; 0 is background, 255 is full ink. Not copied
 * @param labels {@code count} unsigned bytes. Not copied
 * @param count  the number of images, at least 0
 * @param height rows of one image, at least 1
 * @param width  columns of one image, at least 1
 */
@SuppressWarnings("ArrayRecordComponent") // tens of megabytes: a carrier that must not copy or compare them
public record Images(byte[] pixels, byte[] labels, int count, int height, int width) {

    /**
     * Checks that the arrays have the lengths that the sizes say.
     *
     * @throws IllegalArgumentException if a size is out of range or an array is too short or too long
     */
    public Images {
        Objects.requireNonNull(pixels, "images: pixels is null");
        Objects.requireNonNull(labels, "images: labels is null");
        if (count < 0 || height < 1 || width < 1) {
            throw new IllegalArgumentException("images: got count " + count + ", height " + height + ", width " + width
                    + ", expected a count of at least 0 and sides of at least 1");
        }
        long area = (long) height * width;
        if (area > Integer.MAX_VALUE || pixels.length != count * area) {
            throw new IllegalArgumentException(
                    "images: got " + pixels.length + " pixels, expected " + count + " × " + height
                            + " × " + width);
        }
        if (labels.length != count) {
            throw new IllegalArgumentException("images: got " + labels.length + " labels, expected " + count
                    + "; every image needs one label");
        }
    }
}
