package dev.jacobian.examples.dataset;

import java.net.URI;

/** Hears of the bytes that arrive. */
public interface DownloadView {

    /**
     * A file begins.
     *
     * @param name the file's name
     * @param bytes its length
     * @param from the mirror
     * @param have how many of its bytes are there from an earlier attempt
     */
    void started(String name, long bytes, URI from, long have);

    /**
     * More bytes have arrived.
     *
     * @param have how many there are now
     */
    void progressed(long have);

    /** No more of this file comes, whether it is whole or not. */
    void ended();
}
