package dev.jacobian.cuda.driver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Compiled kernels on disk: magic, key, checksum, image. A file that is not whole counts as none; a folder that cannot
 * be written costs compiling again, nothing more.
 */
final class KernelCache {
    private static final byte[] MAGIC = "JCBNKRN1".getBytes(StandardCharsets.US_ASCII);
    private static final int DIGEST_BYTES = 32;
    private static final int HEADER_BYTES = MAGIC.length + 2 * DIGEST_BYTES;

    private final CacheFolder folder;

    KernelCache(CacheFolder cache) {
        this.folder = cache.sub("kernels");
    }

    /** What an image depends on, as one digest; parts are kept apart by their lengths. */
    static byte[] key(String... parts) {
        MessageDigest digest = sha256();
        for (String part : parts) {
            byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
            digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
            digest.update(bytes);
        }
        return digest.digest();
    }

    /** The image of a key, or null. */
    byte[] read(byte[] key) {
        byte[] file;
        try {
            file = Files.readAllBytes(folder.file(name(key)));
        } catch (IOException missing) {
            return null;
        }
        if (file.length <= HEADER_BYTES || !Arrays.equals(file, 0, MAGIC.length, MAGIC, 0, MAGIC.length)
                || !Arrays.equals(file, MAGIC.length, MAGIC.length + DIGEST_BYTES, key, 0, DIGEST_BYTES)) {
            return null;
        }
        byte[] image = Arrays.copyOfRange(file, HEADER_BYTES, file.length);
        byte[] checksum = sha256().digest(image);
        return Arrays.equals(file, MAGIC.length + DIGEST_BYTES, HEADER_BYTES, checksum, 0, DIGEST_BYTES) ? image : null;
    }

    /** Keeps an image if the folder can be written; returns whether it could. */
    boolean write(byte[] key, byte[] image) {
        byte[] file = ByteBuffer.allocate(HEADER_BYTES + image.length).put(MAGIC).put(key).put(sha256().digest(image))
                .put(image).array();
        try {
            folder.write(name(key), file);
            return true;
        } catch (IOException unwritable) {
            return false;
        }
    }

    static String name(byte[] key) {
        return HexFormat.of().formatHex(key, 0, DIGEST_BYTES / 2) + ".image";
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has it
        }
    }
}
