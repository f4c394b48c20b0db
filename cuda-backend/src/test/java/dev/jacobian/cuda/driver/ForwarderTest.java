package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A forwarder is built once for each target, whole or not at all. */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class ForwarderTest {
    private static final Map<String, String> SOURCES = Map.of("build.sh",
            "set -e\ncommand -v gcc > /dev/null || exit 3\n"
                    + "echo 'libthing.so.12 { global: thing_*; local: *; };' > map\n"
                    + "gcc -shared -fPIC \"-DTARGET=\\\"$2\\\"\" forwarder.c -Wl,--version-script=map"
                    + " -o \"$3/libthing.so.12\"\n",
            "forwarder.c", "const char* thing_target(void) { return TARGET; }\nint hidden(void) { return 1; }\n",
            "thing.symbols", "thing_target\n");

    @TempDir
    Path temporary;

    private Forwarder forwarder(Map<String, String> sources) {
        return new Forwarder(new CacheFolder(temporary.resolve("cache")), sources::get, System.getenv("PATH"));
    }

    private Path build(Map<String, String> sources, String target) throws IOException {
        try {
            return forwarder(sources).build("libthing.so.12", Path.of(target));
        } catch (IOException e) {
            assumeTrue(!e.getMessage().contains("no C compiler"), e.getMessage());
            throw e;
        }
    }

    @Test
    @SuppressWarnings("restricted")
    void itIsBuiltWithItsTarget() throws IOException {
        Path built = build(SOURCES, "/somewhere/libthing.so.13");
        assertThat(built).hasFileName("libthing.so.12");
        assertThat(LibraryFile.problem(built, Platform.current())).isNull();
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup symbols = SymbolLookup.libraryLookup(built, arena);
            assertThat(symbols.find("thing_target")).isPresent();
            assertThat(symbols.find("hidden")).isEmpty();
        }
        assertThat(Files.readString(built, java.nio.charset.StandardCharsets.ISO_8859_1))
                .contains("/somewhere/libthing.so.13");
        try (var left = Files.list(built.getParent())) {
            assertThat(left).containsExactly(built);
        }
    }

    @Test
    void itIsBuiltOnceForEachTargetAndSource() throws IOException {
        Path built = build(SOURCES, "/a/libthing.so.13");
        Object first = Files.getLastModifiedTime(built);
        assertThat(build(SOURCES, "/a/libthing.so.13")).isEqualTo(built);
        assertThat(Files.getLastModifiedTime(built)).isEqualTo(first);
        assertThat(build(SOURCES, "/b/libthing.so.13")).isNotEqualTo(built);
        Files.write(built, new byte[] {1, 2, 3});
        assertThat(LibraryFile.problem(build(SOURCES, "/a/libthing.so.13"), Platform.current())).isNull();
    }

    @Test
    void whatCannotBeBuiltSaysWhy() throws IOException {
        Map<String, String> wrong = new HashMap<>(SOURCES);
        wrong.put("forwarder.c", "this is no C\n");
        assertThatThrownBy(() -> build(wrong, "/a/libthing.so.13")).isInstanceOf(IOException.class)
                .hasMessageContaining("the way to it could not be built (forwarder.c:1");
        wrong.remove("forwarder.c");
        assertThatThrownBy(() -> build(wrong, "/a/libthing.so.13")).isInstanceOf(IOException.class)
                .hasMessageContaining("lacks forwarder.c");
        Forwarder without = new Forwarder(new CacheFolder(temporary), SOURCES::get, temporary.toString());
        assertThatThrownBy(() -> without.build("libthing.so.12", Path.of("/a/libthing.so.13")))
                .hasMessage("there is no C compiler to build the way to it (install gcc)");
    }
}
