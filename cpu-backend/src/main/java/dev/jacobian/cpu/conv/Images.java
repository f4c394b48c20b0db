package dev.jacobian.cpu.conv;

import java.lang.foreign.MemorySegment;

/**
 * Dense float32 images [N, channels, height, width].
 *
 * @param segment the memory
 * @param offset the first element's index
 * @param channels channels of an image
 * @param height rows of a channel
 * @param width columns of a channel
 */
public record Images(MemorySegment segment, long offset, int channels, int height, int width) {
    /** Elements of a channel. */
    long plane() {
        return (long) height * width;
    }

    /** The byte offset of a channel of an image. */
    long at(int image, int channel) {
        return (offset + ((long) image * channels + channel) * plane()) * Float.BYTES;
    }
}
