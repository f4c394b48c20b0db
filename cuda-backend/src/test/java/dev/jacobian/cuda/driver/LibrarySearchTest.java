package dev.jacobian.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Every machine on which CUDA does not work gets one line that says what would help, and no machine crashes. */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class LibrarySearchTest {
    private static final String DRIVER = "libcuda.so.1";
    private static final String NVRTC = "libnvrtc.so.12";
    private static final String CUBLAS = "libcublas.so.12";
    private static final Platform LINUX = Platform.of("Linux", "amd64");

    @TempDir
    Path temporary;

    private Path root;
    private Path home;
    private Path cache;
    private Path chosen;
    private Path programs;

    @BeforeEach
    void makeFolders() throws IOException {
        root = Files.createDirectory(temporary.resolve("root"));
        home = Files.createDirectory(temporary.resolve("home"));
        cache = temporary.resolve("cache");
        chosen = Files.createDirectory(temporary.resolve("chosen"));
        programs = Files.createDirectory(temporary.resolve("programs"));
    }

    private CudaLibraries search() {
        return new LibrarySearch(LINUX, chosen.toString(), Map.of(), root, home, new CacheFolder(cache),
                name -> false).run();
    }

    /** The software device's libraries: real enough to be loaded, and movable. */
    private static Path device() {
        String folders = System.getProperty("jacobian.cuda.libraries");
        assumeTrue(folders != null && Files.exists(Path.of(folders).resolve(DRIVER)),
                "no software CUDA device: jacobian.cuda.libraries names no folder with " + DRIVER);
        return Path.of(folders);
    }

    private void put(Path folder, String... names) throws IOException {
        Files.createDirectories(folder);
        for (String name : names) {
            Files.copy(device().resolve(name), folder.resolve(name));
        }
    }

    private String inAnotherProcess(String... options) throws IOException, InterruptedException {
        return inAnotherProcess(Map.of(), programs.toString(), options);
    }

    private String inAnotherProcess(Map<String, String> environment, String path, String... options)
            throws IOException, InterruptedException {
        return ChildProcess.run(SearchProgram.class, temporary, List.of(options), environment, List.of(root.toString(),
                home.toString(), cache.toString(), chosen.toString(), path));
    }

    @Test
    void noDriver() {
        CudaLibraries libraries = search();
        assertThat(libraries.usable()).isFalse();
        assertThat(libraries.explanation())
                .isEqualTo("no NVIDIA driver (libcuda.so.1 not found); for an NVIDIA card, install its driver");
        assertThat(libraries.reports()).extracting(LibraryReport::name).containsExactly(DRIVER, NVRTC,
                "libcublasLt.so.12", CUBLAS);
        assertThat(libraries.reports()).allSatisfy(report -> {
            assertThat(report.path()).isNull();
            assertThat(report.problem()).isEqualTo("not found");
            assertThat(report.folders()).contains(chosen);
        });
        assertThat(CudaDriver.start(libraries).devices()).isEmpty();
        assertThat(CudaDriver.start(libraries).explanation()).isEqualTo(libraries.explanation());
    }

    @Test
    void aToolkitWithoutADriver() throws IOException {
        Files.writeString(chosen.resolve(CUBLAS), "not looked into");
        CudaLibraries libraries = search();
        assertThat(libraries.explanation())
                .isEqualTo("no NVIDIA driver (libcuda.so.1 not found); for an NVIDIA card, install its driver");
        assertThat(libraries.reports().get(3).path()).isEqualTo(chosen.resolve(CUBLAS));
        assertThat(libraries.reports().get(3).problem()).isEqualTo("not loaded");
    }

    @Test
    void aDriverOfRubbish() throws IOException {
        Files.writeString(chosen.resolve(DRIVER), "rubbish");
        assertThat(search().explanation()).isEqualTo("the NVIDIA driver does not load: " + chosen.resolve(DRIVER)
                + " is not a library (7 bytes, no ELF header); reinstall it");
    }

    @Test
    void otherSystems() {
        CudaLibraries libraries = new LibrarySearch(Platform.of("Mac OS X", "aarch64"), null, Map.of(), root, home,
                new CacheFolder(cache), name -> false).run();
        assertThat(libraries.usable()).isFalse();
        assertThat(libraries.explanation()).isEqualTo("JCuda supports Linux and Windows on x86-64 only");
    }

    @Test
    void aDriverAlone() throws Exception {
        put(chosen, DRIVER);
        assertThat(inAnotherProcess()).contains("usable: false\n").contains("driver found, libnvrtc.so.12 is"
                + " missing, libcublas.so.12 is missing; pip install nvidia-cuda-nvrtc-cu12 nvidia-cublas-cu12, or set"
                + " CUDA_HOME to a toolkit of CUDA 12\n").contains("devices: 0");
    }

    @Test
    void noCublas() throws Exception {
        put(chosen, DRIVER, NVRTC);
        assertThat(inAnotherProcess()).contains("driver found, libcublas.so.12 is missing; pip install"
                + " nvidia-cublas-cu12, or set CUDA_HOME").contains(DRIVER + " | " + chosen.resolve(DRIVER) + " | null")
                .contains(CUBLAS + " | null | not found");
    }

    @Test
    void aLibraryCutShortDoesNotCrash() throws Exception {
        put(chosen, DRIVER, NVRTC, CUBLAS);
        byte[] whole = Files.readAllBytes(chosen.resolve(CUBLAS));
        for (int length : new int[] {0, 10, 63, 64, 4096, whole.length / 2, whole.length - 1}) {
            Files.write(chosen.resolve(CUBLAS), Arrays.copyOf(whole, length));
            String problem = LibraryFile.problem(chosen.resolve(CUBLAS), LINUX);
            assertThat(problem).as("%d bytes", length).contains("(" + length + " bytes");
        }
        assertThat(inAnotherProcess()).contains("usable: false\n").contains("driver found, "
                + chosen.resolve(CUBLAS) + " is cut short (" + (whole.length - 1) + " bytes of " + whole.length);
    }

    @Test
    void aLibraryOfAnotherProcessor() throws Exception {
        put(chosen, DRIVER);
        byte[] library = Files.readAllBytes(chosen.resolve(DRIVER));
        assertThat(LibraryFile.problem(chosen.resolve(DRIVER), LINUX)).isNull();
        library[18] = (byte) 183;
        Files.write(chosen.resolve(DRIVER), library);
        assertThat(search().explanation()).contains(chosen.resolve(DRIVER) + " is a library for another processor");
    }

    @Test
    void aBrokenLibraryIsPassedOverForAWholeOne() throws Exception {
        put(chosen, DRIVER);
        Files.writeString(chosen.resolve(NVRTC), "rubbish");
        put(root.resolve("usr/local/cuda-12.4/lib64"), NVRTC);
        put(home.resolve(".local/lib/python3.12/site-packages/nvidia/cublas/lib"), CUBLAS);
        assertThat(inAnotherProcess()).contains("usable: true\n").contains("driver, libnvrtc.so.12 in " + root
                + "/usr/local/cuda-12.4/lib64, libcublas.so.12 in " + home + "/.local").contains("devices: 1");
    }

    /** JCuda by itself would take the file in the temporary folder, and the process would end. */
    @Test
    void jcudasLibrariesAreUnpackedWholeWhateverLiesThere() throws Exception {
        put(chosen, DRIVER, NVRTC, CUBLAS);
        Path wrong = Files.createDirectory(temporary.resolve("tmp"));
        Files.write(wrong.resolve(JCudaNatives.fileName("JCudaDriver")), new byte[] {0x7f, 'E', 'L', 'F'});
        String option = "-Djava.io.tmpdir=" + wrong;
        assertThat(inAnotherProcess(option)).contains("devices: 1").contains("tmpdir: " + wrong);
        Path unpacked;
        try (Stream<Path> folders = Files.list(cache)) {
            unpacked = folders.filter(path -> path.getFileName().toString().startsWith("natives-")).findFirst()
                    .orElseThrow();
        }
        Path driver = unpacked.resolve(JCudaNatives.fileName("JCudaDriver"));
        byte[] whole = Files.readAllBytes(driver);
        Files.write(driver, Arrays.copyOf(whole, whole.length / 2));
        assertThat(inAnotherProcess(option)).contains("devices: 1");
        assertThat(driver).hasBinaryContent(whole);
    }

    @Test
    void aCacheThatCannotBeWrittenIsDoneWithout() throws Exception {
        put(chosen, DRIVER, NVRTC, CUBLAS);
        Files.writeString(cache, "in the way");
        assertThat(inAnotherProcess()).contains("devices: 1");
    }

    /** A library of CUDA 12 under the name, in the file and of the file, that CUDA 13's has. */
    private void putAs13(Path folder, String name) throws IOException {
        String later = name.replace(".so.12", ".so.13");
        String content = Files.readString(device().resolve(name), StandardCharsets.ISO_8859_1);
        Files.createDirectories(folder);
        Files.writeString(folder.resolve(later), content.replace(name, later), StandardCharsets.ISO_8859_1);
    }

    @Test
    void onlyCuda13() throws Exception {
        assumeTrue(Forwarder.resources().read("forwarder.c") != null, "no sources of the forwarder");
        put(chosen, DRIVER);
        Path lib = root.resolve("usr/local/cuda-13.0/lib64");
        putAs13(lib, NVRTC);
        putAs13(lib, CUBLAS);
        Map<String, String> later = Map.of("SOFTCUDA_DRIVER_VERSION", "13000");
        String text = inAnotherProcess(later, System.getenv("PATH"));
        assertThat(text).contains("usable: true\n").contains("driver, libnvrtc.so.12 in " + cache)
                .contains(", libcublas.so.12 in " + cache).contains("devices: 1").contains("cuBLAS: 12");
        assertThat(inAnotherProcess(later, programs.toString())).as("built before").contains("usable: true\n");
        assertThat(inAnotherProcess(Map.of("SOFTCUDA_DRIVER_VERSION", "12040"), programs.toString()))
                .contains("devices: 0 | the driver supports CUDA 12.4, expected 13.0 or later; update");
    }

    @Test
    void onlyCuda13AndNoCompiler() throws Exception {
        assumeTrue(Forwarder.resources().read("forwarder.c") != null, "no sources of the forwarder");
        put(chosen, DRIVER);
        Path lib = root.resolve("usr/local/cuda-13.0/lib64");
        putAs13(lib, NVRTC);
        putAs13(lib, CUBLAS);
        assertThat(inAnotherProcess()).contains("usable: false\n").contains("libcublas.so.12 is missing, " + lib
                + "/libcublas.so.13 is there, but there is no C compiler to build the way to it (install gcc)")
                .contains("; pip install nvidia-cuda-nvrtc-cu12 nvidia-cublas-cu12, or");
    }

    @Test
    void whatOnlyTheLoaderFinds() throws Exception {
        Path hidden = temporary.resolve("hidden");
        put(hidden, DRIVER, NVRTC, CUBLAS);
        Map<String, String> environment = Map.of("LD_LIBRARY_PATH", hidden.toString());
        assertThat(inAnotherProcess(environment, ""))
                .contains("no NVIDIA driver (libcuda.so.1 not found); for an NVIDIA card, install its driver");
        assertThat(inAnotherProcess(environment, "", "-D" + SearchProgram.ASK_LOADER + "=true"))
                .contains("driver, libnvrtc.so.12 by the system's loader, libcublas.so.12 by the system's loader")
                .contains(DRIVER + " | " + DRIVER + " | null").contains("devices: 1");
    }

    @Test
    void theLoaderIsAskedForWhatIsInNoFolder() throws IOException {
        List<String> asked = new ArrayList<>();
        Predicate<String> loader = name -> asked.add(name) && name.equals(DRIVER);
        new LibrarySearch(LINUX, chosen.toString(), Map.of(), root, home, new CacheFolder(cache), loader).run();
        assertThat(asked).containsExactly(DRIVER, NVRTC, CUBLAS);
        asked.clear();
        Files.writeString(chosen.resolve(NVRTC), "rubbish, which the loader might find too");
        new LibrarySearch(LINUX, chosen.toString(), Map.of(), root, home, new CacheFolder(cache), loader).run();
        assertThat(asked).containsExactly(DRIVER, CUBLAS);
        assertThat(LibrarySearch.askLoader("libjacobian-nowhere.so.12")).isFalse();
    }

    /** NVRTC asks for its built-ins by name, wherever they lie. */
    @Test
    void theCompilersBuiltInsAreLoadedFromWhereverTheyLie() throws Exception {
        String builtins = "libnvrtc-builtins.so.12.6";
        put(chosen, DRIVER, CUBLAS);
        put(temporary.resolve("real"), NVRTC);
        Files.createSymbolicLink(chosen.resolve(NVRTC), temporary.resolve("real").resolve(NVRTC));
        Path linked = temporary.resolve("real").resolve(builtins);
        Path elsewhere = Files.createDirectories(root.resolve("usr/local/cuda-12.6/lib64")).resolve(builtins);
        for (Path place : List.of(elsewhere, linked, chosen.resolve(builtins))) {
            Files.copy(device().resolve(CUBLAS), place); // any library will do
            assertThat(inAnotherProcess()).contains("maps: " + place.toRealPath() + "\n");
        }
    }

    @Test
    void aDriverTooOldOrWithoutDevices() throws Exception {
        put(chosen, DRIVER, NVRTC, CUBLAS);
        assertThat(inAnotherProcess(Map.of("SOFTCUDA_DRIVER_VERSION", "11040"), "")).contains("devices: 0 | the"
                + " driver supports CUDA 11.4, expected 12.0 or later; update the NVIDIA driver");
        assertThat(inAnotherProcess(Map.of("SOFTCUDA_NO_DEVICE", "1"), "")).contains("devices: 0 | the driver"
                + " found no device; look at nvidia-smi and CUDA_VISIBLE_DEVICES");
    }
}
