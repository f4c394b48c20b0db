package dev.jacobian.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** When the launcher builds. Its JDK and its Maven are scripts here: the second notes that it was called. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the launcher is a POSIX shell script")
class LauncherTest {

    /** Before any build, so that nothing made by the test is newer than the first one. */
    private static final FileTime LONG_AGO = FileTime.from(Instant.EPOCH.plusSeconds(1_000_000_000));

    @TempDir
    Path folder;

    private Path home;
    private Path lock;

    @BeforeEach
    void layOut() throws IOException {
        home = Files.createDirectories(folder.resolve("home"));
        lock = home.resolve("examples/target/build.lock");
        Files.copy(Path.of("..", "jacobian"), home.resolve("jacobian"));
        program("home/jacobian", Files.readString(home.resolve("jacobian")));
        for (String module : List.of("", "core/", "cpu-backend/", "charts/", "examples/")) {
            source(module + "pom.xml");
        }
        for (String module : List.of("core", "cpu-backend", "charts", "examples")) {
            source(module + "/src/main/java/a/A.java");
            source(module + "/src/main/java/a/B.java");
            for (String part : List.of("", "/java", "/java/a")) {
                Files.setLastModifiedTime(home.resolve(module + "/src/main" + part), LONG_AGO);
            }
        }
        program("jdk/bin/java", "#!/bin/sh\necho started\n");
        program("jdk/bin/javac", "#!/bin/sh\n");
        Files.writeString(folder.resolve("jdk/release"), "JAVA_VERSION=\"25.0.3\"\n");
        // As with the real one, the stamp bears the time of the beginning: what changes afterwards is surely newer, where times
        // are coarse too.
        program("bin/mvn", """
                #!/bin/sh
                echo built >>'%s'
                mkdir -p examples/target/dist
                touch examples/target/dist/begun
                sleep 1
                touch -r examples/target/dist/begun examples/target/dist/stamp
                """.formatted(folder.resolve("builds")));
    }

    private void source(String name) throws IOException {
        Path file = home.resolve(name);
        Files.createDirectories(file.getParent());
        Files.setLastModifiedTime(Files.writeString(file, name), LONG_AGO);
    }

    private void program(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        assertThat(Files.writeString(file, text).toFile().setExecutable(true)).isTrue();
    }

    private Process start() throws IOException {
        var builder = new ProcessBuilder(home.resolve("jacobian").toString()).redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
        builder.environment().merge("PATH", folder.resolve("bin").toString(), (path, bin) -> bin + ":" + path);
        return builder.start();
    }

    private static String end(Process launcher) throws IOException, InterruptedException {
        String printed = new String(launcher.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(launcher.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(printed).endsWith("started\n");
        assertThat(launcher.exitValue()).as(printed).isZero();
        return printed;
    }

    private int builds() throws IOException {
        return Files.readAllLines(folder.resolve("builds")).size();
    }

    @Test
    void buildsAgainWhenASourceIsChangedOrDeleted() throws IOException, InterruptedException {
        end(start());
        end(start());
        assertThat(builds()).isEqualTo(1);

        Files.writeString(home.resolve("core/src/main/java/a/A.java"), "changed");
        end(start());
        end(start());
        assertThat(builds()).isEqualTo(2);

        Files.delete(home.resolve("cpu-backend/src/main/java/a/B.java"));
        end(start());
        end(start());
        assertThat(builds()).isEqualTo(3);
        assertThat(lock).doesNotExist();
    }

    @Test
    void twoStartedAtOnceBuildOnce() throws IOException, InterruptedException {
        Process one = start();
        Process two = start();
        assertThat(end(one) + end(two)).containsOnlyOnce("building with Maven");
        assertThat(builds()).isEqualTo(1);
        assertThat(lock).doesNotExist();
    }

    @Test
    void aLockWhoseOwnerIsGoneHoldsNobodyUp() throws IOException, InterruptedException {
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        Files.createDirectories(lock);
        Files.writeString(lock.resolve("owner"), gone.pid() + "\n");
        end(start());
        assertThat(builds()).isEqualTo(1);

        Files.delete(home.resolve("core/src/main/java/a/A.java"));
        Files.createDirectories(lock);
        end(start());
        assertThat(builds()).isEqualTo(2);
        assertThat(lock).doesNotExist();
    }

    @Test
    void aFailedBuildLeavesNoLock() throws IOException, InterruptedException {
        program("bin/mvn", "#!/bin/sh\necho broken source\nexit 1\n");
        Process launcher = start();
        String printed = new String(launcher.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(launcher.waitFor()).isEqualTo(1);
        assertThat(printed).contains("broken source", "the build failed").doesNotContain("started");
        assertThat(lock).doesNotExist();
    }
}
