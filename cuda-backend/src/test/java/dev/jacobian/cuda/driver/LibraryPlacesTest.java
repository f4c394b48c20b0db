package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where libraries are looked for, and in which order. */
class LibraryPlacesTest {
    private static final Platform LINUX = Platform.of("Linux", "amd64");

    @TempDir
    Path root;

    private Path make(String folder) throws IOException {
        return Files.createDirectories(root.resolve(folder));
    }

    private List<Path> folders(String chosen, Map<String, String> environment) {
        return LibraryPlaces.folders(chosen, LINUX, environment, root, root.resolve("home/user"));
    }

    @Test
    void nothingIsThere() {
        assertThat(folders(null, Map.of())).isEmpty();
        assertThat(folders(" :/nowhere\0::", Map.of("CUDA_HOME", "", "LD_LIBRARY_PATH", ":: :"))).isEmpty();
    }

    @Test
    void theMostDeliberateChoiceComesFirst() throws IOException {
        Path pip = make("home/user/.local/lib/python3.11/site-packages/nvidia/cublas/lib");
        Path newer = make("home/user/.local/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib");
        Path environment = make("venv/lib/python3.10/site-packages/nvidia/cu13/lib");
        Path debian = make("usr/lib/x86_64-linux-gnu");
        Path wsl = make("usr/lib/wsl/lib");
        Path toolkit = make("usr/local/cuda-12.6/lib64");
        Path older = make("usr/local/cuda-11.8/targets/x86_64-linux/lib");
        Path container = make("usr/local/nvidia/lib64");
        Path compat = make("usr/local/cuda-12.6/compat");
        Path home = make("toolkit/lib64");
        Path loader = make("ld");
        Path chosen = make("chosen");
        Path conda = make("conda/lib");
        make("conda/conda-meta");
        assertThat(folders(chosen + File.pathSeparator + root.resolve("missing"),
                Map.of("CUDA_HOME", root.resolve("toolkit").toString(), "LD_LIBRARY_PATH", loader.toString(),
                        "VIRTUAL_ENV", root.resolve("venv").toString(), "CONDA_PREFIX",
                        root.resolve("conda").toString())))
                .containsSubsequence(chosen, home, loader, debian, toolkit, older, wsl, container,
                        compat, environment, conda, newer, pip);
    }

    @Test
    void theLoadersConfigurationIsFollowed() throws IOException {
        Path one = make("opt/one");
        Path two = make("opt/two");
        make("etc/ld.so.conf.d");
        Files.writeString(root.resolve("etc/ld.so.conf"), "include /etc/ld.so.conf.d/*.conf\n/opt/one # first\n");
        Files.writeString(root.resolve("etc/ld.so.conf.d/a.conf"), "# nothing\n/opt/two\n");
        Files.writeString(root.resolve("etc/ld.so.conf.d/loop.conf"), "include ../ld.so.conf\n");
        Files.writeString(root.resolve("etc/ld.so.conf.d/off"), "/opt/three\n");
        make("opt/three");
        assertThat(folders(null, Map.of())).containsExactlyInAnyOrder(one, two);
    }

    @Test
    void aFolderThatLinksToAnotherIsListedOnce() throws IOException {
        Path lib = make("usr/local/cuda-12.6/lib64");
        Files.createSymbolicLink(root.resolve("usr/local/cuda"), root.resolve("usr/local/cuda-12.6"));
        List<Path> folders = folders(null, Map.of());
        assertThat(folders).hasSize(1);
        assertThat(folders.get(0).toRealPath()).isEqualTo(lib.toRealPath());
    }

    @Test
    void windowsHasOtherFolders() throws IOException {
        Path bin = make("toolkit/bin");
        Path path = make("programs");
        Path pip = make("venv/Lib/site-packages/nvidia/cublas/bin");
        make("usr/lib/x86_64-linux-gnu");
        assertThat(LibraryPlaces.folders(null, Platform.of("Windows 11", "amd64"),
                Map.of("CUDA_PATH", root.resolve("toolkit").toString(), "PATH", path.toString(), "VIRTUAL_ENV",
                        root.resolve("venv").toString()),
                root, root)).containsSubsequence(bin, path, pip).doesNotContain(root.resolve("usr/lib"));
    }
}
