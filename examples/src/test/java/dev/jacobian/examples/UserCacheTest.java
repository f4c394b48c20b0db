package dev.jacobian.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UserCacheTest {

    private static final Path HOME = Path.of("/home/reader");

    @Test
    void followsEachSystemsCustom() {
        assertThat(UserCache.root(Map.of(), "Linux", HOME)).isEqualTo(HOME.resolve(".cache"));
        assertThat(UserCache.root(Map.of(), "Mac OS X", HOME)).isEqualTo(HOME.resolve("Library/Caches"));
        assertThat(UserCache.root(Map.of("LOCALAPPDATA", "/local"), "Windows 11", HOME)).isEqualTo(Path.of("/local"));
        assertThat(UserCache.root(Map.of(), "Windows 11", HOME)).isEqualTo(HOME.resolve("AppData/Local"));
    }

    @Test
    void aPropertyMovesIt() {
        System.setProperty("jacobian.cache", "elsewhere");
        try {
            assertThat(UserCache.folder("scripts")).isEqualTo(Path.of("elsewhere", "scripts"));
        } finally {
            System.clearProperty("jacobian.cache");
        }
        assertThat(UserCache.folder("scripts")).endsWith(Path.of("jacobian", "scripts"));
    }

    @Test
    void letsTheUserChoose() {
        Path absolute = HOME.resolve("elsewhere").toAbsolutePath();
        assertThat(UserCache.root(Map.of("XDG_CACHE_HOME", absolute.toString()), "Linux", HOME)).isEqualTo(absolute);
        assertThat(UserCache.root(Map.of("XDG_CACHE_HOME", "not/absolute"), "Linux", HOME))
                .isEqualTo(HOME.resolve(".cache"));
    }
}
