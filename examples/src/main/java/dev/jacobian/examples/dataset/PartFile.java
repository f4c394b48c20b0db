package dev.jacobian.examples.dataset;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/**
 * The part of a file that has arrived, under a name of its own; locked, so that two programs do not write it at once.
 * It stays when a transfer fails, for the next to go on from.
 */
final class PartFile implements AutoCloseable {

    private final RemoteFile file;
    private final Path path;
    private final Path target;
    private final FileChannel channel;
    private final FileLock lock;
    private final boolean done;

    private PartFile(RemoteFile file, Path path, Path target, FileChannel channel) throws IOException {
        this.file = file;
        this.path = path;
        this.target = target;
        this.channel = channel;
        this.lock = channel.lock();
        // Whoever held the lock before may have finished the file: then this channel is open on the finished one.
        this.done = Files.isRegularFile(target) && Files.size(target) == file.bytes();
    }

    static PartFile open(Path folder, RemoteFile file) throws IOException {
        Path part = folder.resolve(file.name() + ".part");
        FileChannel channel = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        try {
            return new PartFile(file, part, folder.resolve(file.name()), channel);
        } catch (IOException failed) {
            channel.close();
            throw failed;
        }
    }

    /** Whether another program has meanwhile fetched the whole file. */
    boolean isDone() {
        return done;
    }

    /** How many bytes are there; more than belong to the file can only be wrong. */
    long size() throws IOException {
        if (channel.size() > file.bytes()) {
            restart();
        }
        return channel.size();
    }

    void restart() throws IOException {
        channel.truncate(0);
    }

    /** Adds bytes at the end. */
    void append(byte[] bytes, int count) throws IOException {
        long at = channel.size();
        if (at + count > file.bytes()) {
            restart();
            throw new IOException("sent more than the " + file.bytes() + " bytes that " + file.name() + " has");
        }
        ByteBuffer left = ByteBuffer.wrap(bytes, 0, count);
        while (left.hasRemaining()) {
            at += channel.write(left, at);
        }
    }

    /**
     * Checks the whole file, and gives it its name. A file of that name is replaced in one step, or stays as it was.
     *
     * @throws IOException if bytes are missing, which leaves the part to go on from, or wrong, which deletes it
     */
    void finish() throws IOException {
        if (size() < file.bytes()) {
            throw new IOException("ended after " + size() + " of " + file.bytes() + " bytes");
        }
        String found = digest();
        if (!found.equals(file.sha256())) {
            restart();
            throw new IOException("wrong contents: SHA-256 " + found + ", expected " + file.sha256());
        }
        channel.force(true);
        Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        forceFolder();
    }

    private String digest() throws IOException {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            channel.position(0);
            // Not closed: that would close the channel, and with it the lock.
            InputStream in = new DigestInputStream(Channels.newInputStream(channel), sha256);
            byte[] buffer = new byte[1 << 16];
            int count = in.read(buffer);
            while (count >= 0) {
                count = in.read(buffer);
            }
            return HexFormat.of().formatHex(sha256.digest());
        } catch (NoSuchAlgorithmException absent) {
            throw new IllegalStateException("every Java has SHA-256", absent);
        }
    }

    /** Makes the rename last through a power failure; Windows cannot open folders, and needs no such call. */
    private void forceFolder() throws IOException {
        if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows")) {
            try (FileChannel folder = FileChannel.open(target.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
                folder.force(true);
            }
        }
    }

    @Override
    public void close() throws IOException {
        lock.release();
        boolean nothing = !done && channel.size() == 0;
        channel.close();
        if (nothing || done) {
            Files.deleteIfExists(path);
        }
    }
}
