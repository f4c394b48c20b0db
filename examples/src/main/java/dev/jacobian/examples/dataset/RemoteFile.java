package dev.jacobian.examples.dataset;

/**
 * A file that can be fetched from several places.
 *
 * @param name its name, which ends every address
 * @param bytes its length
 * @param sha256 of its contents, 64 hexadecimal digits in lower case
 */
record RemoteFile(String name, long bytes, String sha256) {}
