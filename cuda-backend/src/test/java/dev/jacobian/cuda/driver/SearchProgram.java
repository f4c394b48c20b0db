package dev.jacobian.cuda.driver;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Run in a process of its own, since a library that was loaded stays: looks for libraries and says what came of it. */
final class SearchProgram {
    /** Set to have the system's loader asked, which knows more places than those of the test. */
    static final String ASK_LOADER = "test.ask.loader";

    private SearchProgram() {}

    /** Arguments: the root, the home and the cache folder, the folders chosen, the path of programs. */
    public static void main(String[] args) throws IOException {
        Predicate<String> loader = Boolean.getBoolean(ASK_LOADER) ? LibrarySearch::askLoader : name -> false;
        CudaLibraries libraries = new LibrarySearch(Platform.current(), args[3], Map.of("PATH", args[4]),
                Path.of(args[0]), Path.of(args[1]), new CacheFolder(Path.of(args[2])), loader).run();
        System.out.println("usable: " + libraries.usable());
        System.out.println(libraries.explanation());
        for (LibraryReport report : libraries.reports()) {
            System.out.println(report.name() + " | " + report.path() + " | " + report.problem());
        }
        CudaDriver driver = CudaDriver.start(libraries);
        System.out.println("devices: " + driver.devices().size() + " | " + driver.explanation());
        if (!driver.devices().isEmpty()) {
            System.out.println("cuBLAS: " + CudaContext.open(driver.devices().get(0)).blas().version());
        }
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            maps.filter(line -> line.contains("builtins")).map(line -> line.substring(line.indexOf('/'))).distinct()
                    .forEach(file -> System.out.println("maps: " + file));
        }
        System.out.println("tmpdir: " + System.getProperty("java.io.tmpdir"));
    }
}
