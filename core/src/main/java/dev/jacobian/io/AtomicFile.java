package dev.jacobian.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Replaces files at once: whoever reads the file finds the old content or the new, also after a crash or on a full
 * disk, and never half of it.
 */
public final class AtomicFile {
    private AtomicFile() {}

    /** Writes a file's content. */
    @FunctionalInterface
    public interface Content {
        /**
         * Writes all of it.
         *
         * @param channel where to
         * @throws IOException if it cannot be written
         */
        void writeTo(WritableByteChannel channel) throws IOException;
    }

    /** Where new content goes first. */
    interface Target extends WritableByteChannel {
        /** Brings what was written to the disk itself. */
        void force() throws IOException;
    }

    /** Makes the file that new content goes to first. */
    @FunctionalInterface
    interface TargetFactory {
        Target create(Path temporary) throws IOException;
    }

    /**
     * Writes a file: first under a temporary name in the same folder, then to the disk itself, then renamed. On failure
     * the old file, if there is one, stays as it is, and the temporary one is removed. An interrupt that
     * came before does not hinder it, and stays pending; one that comes meanwhile is such a failure.
     *
     * @param file the file; a symbolic link is followed
     * @param content what writes the new content
     * @throws UncheckedIOException if it cannot be written
     */
    public static void write(Path file, Content content) {
        write(file, content, ForcedFile::create);
    }

    /**
     * Writes a file of text, in UTF-8, as {@link #write(Path, Content)} does.
     *
     * @param file the file; a symbolic link is followed
     * @param text its new content
     * @throws UncheckedIOException if it cannot be written
     */
    public static void write(Path file, String text) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
        write(file, channel -> {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    static void write(Path file, Content content, TargetFactory factory) {
        boolean interrupted = Thread.interrupted(); // it would close the channel
        try {
            Path target = Files.isSymbolicLink(file) ? file.toRealPath() : file.toAbsolutePath();
            if (Files.isDirectory(target)) {
                throw new IOException("it is a folder");
            }
            requireFolder(target.getParent());
            Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
            try {
                writeNew(temporary, content, factory);
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException | RuntimeException | Error failure) {
                remove(temporary, failure);
                throw failure;
            }
            forceFolder(target.getParent());
        } catch (IOException e) {
            throw new UncheckedIOException("save: cannot write " + file + ": " + describe(e)
                    + "; an old file of that name is unchanged", e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void requireFolder(Path folder) throws IOException {
        if (Files.notExists(folder)) {
            throw new NoSuchFileException(folder.toString(), null, "there is no such folder; create it first");
        }
        if (!Files.isDirectory(folder)) {
            throw new NotDirectoryException(folder.toString());
        }
    }

    private static void writeNew(Path temporary, Content content, TargetFactory factory) throws IOException {
        try (Target channel = factory.create(temporary)) {
            content.writeTo(channel);
            channel.force();
        }
    }

    private static void remove(Path temporary, Throwable failure) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static String describe(IOException e) {
        return e.getMessage() == null
                ? e.getClass().getSimpleName()
                : e.getClass().getSimpleName() + ", " + e.getMessage();
    }

    /** The new name is on the disk once the folder is. Some systems, Windows among them, cannot force folders. */
    private static void forceFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException unsupported) {
            // The file itself is complete under either name.
        }
    }

    private record ForcedFile(FileChannel channel) implements Target {
        static Target create(Path path) throws IOException {
            return new ForcedFile(
                    FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            return channel.write(source);
        }

        @Override
        public void force() throws IOException {
            channel.force(true);
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
