package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AtomicFileTest {
    @TempDir
    private Path folder;
    private Path file;

    @BeforeEach
    void oldFile() throws IOException {
        file = folder.resolve("model.safetensors");
        Files.writeString(file, "old");
    }

    private static AtomicFile.Content text(String text) {
        return channel -> channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    private void assertOldFileAlone() throws IOException {
        assertThat(file).hasContent("old");
        try (Stream<Path> all = Files.list(folder)) {
            assertThat(all).containsExactly(file);
        }
    }

    /** Has room for a number of bytes, then is full; counts what is asked of it. */
    private static final class FullDisk implements AtomicFile.Target {
        private final WritableByteChannel inner;
        private long room;
        private final boolean forces;
        private int forced;

        FullDisk(Path path, long room, boolean forces) throws IOException {
            inner = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            this.room = room;
            this.forces = forces;
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            if (room < source.remaining()) {
                throw new IOException("No space left on device");
            }
            room -= source.remaining();
            return inner.write(source);
        }

        @Override
        public void force() throws IOException {
            forced++;
            if (!forces) {
                throw new IOException("Input/output error");
            }
        }

        @Override
        public boolean isOpen() {
            return inner.isOpen();
        }

        @Override
        public void close() throws IOException {
            inner.close();
        }
    }

    /** The operating system's own full disk. */
    private static final class FullDevice implements AtomicFile.Target {
        private final FileChannel inner;

        FullDevice(Path device) throws IOException {
            inner = FileChannel.open(device, StandardOpenOption.WRITE);
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            return inner.write(source);
        }

        @Override
        public void force() throws IOException {
            inner.force(true);
        }

        @Override
        public boolean isOpen() {
            return inner.isOpen();
        }

        @Override
        public void close() throws IOException {
            inner.close();
        }
    }

    @Test
    void replacesAndCreates() throws IOException {
        AtomicFile.write(file, text("new"));
        assertThat(file).hasContent("new");
        Path other = folder.resolve("other");
        AtomicFile.write(other, text("first"));
        assertThat(other).hasContent("first");
        try (Stream<Path> all = Files.list(folder)) {
            assertThat(all).containsExactlyInAnyOrder(file, other);
        }
    }

    @Test
    void textIsInUtf8() throws IOException {
        AtomicFile.write(file, "λ = ½\n");
        assertThat(Files.readString(file)).isEqualTo("λ = ½\n");
        AtomicFile.write(file, "");
        assertThat(file).isEmptyFile();
    }

    @Test
    void keepsTheOldFileWhenTheDiskIsFull() throws IOException {
        AtomicFile.Content content = channel -> {
            text("half ").writeTo(channel);
            text("of it").writeTo(channel);
        };
        assertThatThrownBy(() -> AtomicFile.write(file, content, path -> new FullDisk(path, 7, true)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("save: cannot write " + file
                        + ": IOException, No space left on device; an old file of that name"
                        + " is unchanged");
        assertOldFileAlone();
    }

    @Test
    void keepsTheOldFileWhenTheDiskDoesNotTakeItForGood() throws IOException {
        assertThatThrownBy(() -> AtomicFile.write(file, text("new"), path -> new FullDisk(path, 100, false)))
                .isInstanceOf(UncheckedIOException.class).hasMessageContaining("Input/output error");
        assertOldFileAlone();
    }

    @Test
    void forcesBeforeItRenames() {
        FullDisk[] disks = new FullDisk[1];
        AtomicFile.write(file, text("new"), path -> {
            assertThat(path.getParent()).isEqualTo(folder);
            assertThat(file).hasContent("old");
            disks[0] = new FullDisk(path, 100, true);
            return disks[0];
        });
        assertThat(disks[0].forced).isEqualTo(1);
        assertThat(disks[0].isOpen()).isFalse();
        assertThat(file).hasContent("new");
    }

    @Test
    void keepsTheOldFileWhenTheContentFails() throws IOException {
        assertThatThrownBy(() -> AtomicFile.write(file, channel -> {
            text("half").writeTo(channel);
            throw new IllegalStateException("no more");
        })).isInstanceOf(IllegalStateException.class).hasMessage("no more");
        assertOldFileAlone();
    }

    @Test
    void saysWhereItCannotWrite() throws IOException {
        Path missing = folder.resolve("no/folder/model.safetensors");
        assertThatThrownBy(() -> AtomicFile.write(missing, text("new"))).isInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith(
                        "save: cannot write " + missing + ": NoSuchFileException, " + missing.getParent()
                                + ": there is no such folder; create it first;")
                .hasMessageNotContaining(".tmp");
        Path below = file.resolve("model.safetensors");
        assertThatThrownBy(() -> AtomicFile.write(below, text("new"))).isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("NotDirectoryException, " + file);
        Path inside = folder.resolve("inside");
        Files.createDirectory(inside);
        assertThatThrownBy(() -> AtomicFile.write(inside, text("new"))).isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("it is a folder");
        assertThat(inside).isEmptyDirectory();
    }

    @Test
    void followsSymbolicLinks() throws IOException {
        Path link = folder.resolve("link");
        try {
            Files.createSymbolicLink(link, file);
        } catch (IOException | UnsupportedOperationException e) {
            // How the library reports a file system without links, or a user who may not make any.
            assumeTrue(false, "no symbolic links here");
        }
        AtomicFile.write(link, text("new"));
        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(file).hasContent("new");
    }

    @Test
    void reportsADeviceThatIsReallyFull() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full), "no /dev/full here");
        assertThatThrownBy(() -> AtomicFile.write(file, text("new"), _ -> new FullDevice(full)))
                .isInstanceOf(UncheckedIOException.class).hasMessageContaining("No space left on device");
        assertOldFileAlone();
    }
}
