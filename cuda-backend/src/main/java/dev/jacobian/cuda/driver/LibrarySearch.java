package dev.jacobian.cuda.driver;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One search: goes through the folders, loads the first file of each library that can be, and remembers the rest. */
final class LibrarySearch {
    private static final Pattern FILE_VERSION = Pattern.compile("\\.so\\.(\\d+(?:\\.\\d+)+)$");

    private static final int DRIVER_OF_12 = 12_000;
    private static final int DRIVER_OF_13 = 13_000;

    private final Platform platform;
    private final Path root;
    private final CacheFolder cache;
    private final Forwarder forwarder;
    private final Predicate<String> loader;
    private final List<Path> folders;
    private final Map<LibraryName, Path> loaded = new EnumMap<>(LibraryName.class);
    private final Map<LibraryName, String> problems = new EnumMap<>(LibraryName.class);
    private final Map<LibraryName, String> versions = new EnumMap<>(LibraryName.class);
    /** The compiler itself, not what leads to it; null if the system's loader found it. */
    private Path nvrtc;
    private boolean forwarded;

    /** A search; the loader loads a library by name if the system's loader finds it, and says whether it did. */
    LibrarySearch(Platform platform, String chosen, Map<String, String> environment, Path root, Path home,
            CacheFolder cache, Predicate<String> loader) {
        this.loader = loader;
        this.platform = platform;
        this.root = root;
        this.cache = cache;
        this.forwarder = new Forwarder(cache.sub("forwarder"), Forwarder.resources(), environment.get("PATH"));
        this.folders = new ArrayList<>(LibraryPlaces.folders(chosen, platform, environment, root, home));
    }

    /** Looks for a library as the system's programs do, and loads it until the process ends. */
    @SuppressWarnings("restricted")
    static boolean askLoader(String name) {
        try {
            SymbolLookup.libraryLookup(name, Arena.global());
            return true;
        } catch (IllegalArgumentException notFound) {
            return false;
        }
    }

    CudaLibraries run() {
        if (!platform.x86() || !(platform.linux() || platform.windows())) {
            return result(false, "JCuda supports Linux and Windows on x86-64 only");
        }
        if (!loadFirst(LibraryName.DRIVER) && !loadByName(LibraryName.DRIVER)) {
            String problem = problems.get(LibraryName.DRIVER);
            return result(false, problem == null
                    ? "no NVIDIA driver (" + LibraryName.DRIVER.file(platform)
                            + " not found); for an NVIDIA card, install its driver"
                    : "the NVIDIA driver does not load: " + problem + "; reinstall it");
        }
        if (!loadToolkit() && addCarried()) {
            loadToolkit();
        }
        for (LibraryName library : List.of(LibraryName.NVRTC, LibraryName.CUBLAS)) {
            if (!loaded.containsKey(library) && !loadByName(library)) {
                loadForwarder(library);
            }
        }
        if (!loaded.containsKey(LibraryName.NVRTC) || !loaded.containsKey(LibraryName.CUBLAS)) {
            return result(false, driver() + " found, " + missing());
        }
        String problem = JCudaNatives.load(cache);
        if (problem != null) {
            return result(false, driver() + ", NVRTC and cuBLAS found, " + problem);
        }
        String compiler = Program.compilerVersion();
        if (compiler != null) {
            versions.put(LibraryName.NVRTC, compiler);
            loadBuiltins(compiler);
        }
        return result(true, driver() + ", " + describe(LibraryName.NVRTC) + ", "
                + describe(LibraryName.CUBLAS));
    }

    /** Loads what is not loaded yet of CUDA 12's libraries; true if all are. */
    private boolean loadToolkit() {
        if (!loaded.containsKey(LibraryName.NVRTC) && loadFirst(LibraryName.NVRTC)) {
            nvrtc = loaded.get(LibraryName.NVRTC);
        }
        if (!loaded.containsKey(LibraryName.CUBLAS)) {
            loadBlas();
        }
        return loaded.containsKey(LibraryName.NVRTC) && loaded.containsKey(LibraryName.CUBLAS);
    }

    private boolean loadFirst(LibraryName library) {
        for (Path folder : folders) {
            if (load(library, folder.resolve(library.file(platform)))) {
                return true;
            }
        }
        return false;
    }

    /** Not where a file was refused: the loader may find the same one, and does not look at it as closely. */
    private boolean loadByName(LibraryName library) {
        String name = library.file(platform);
        if (!problems.containsKey(library) && loader.test(name)) {
            loaded.put(library, Path.of(name));
            return true;
        }
        return false;
    }

    private boolean load(LibraryName library, Path file) {
        if (!Files.exists(file)) {
            return false;
        }
        String problem = loadChecked(file);
        if (problem != null) {
            problems.putIfAbsent(library, file + " " + problem);
            return false;
        }
        loaded.put(library, file);
        fileVersion(file, library);
        return true;
    }

    /** Loads a file; returns why it cannot be loaded, or null. */
    @SuppressWarnings("restricted")
    private String loadChecked(Path file) {
        String problem = LibraryFile.problem(file, platform);
        if (problem != null) {
            return problem;
        }
        try {
            System.load(file.toString());
            return null;
        } catch (UnsatisfiedLinkError e) {
            String message = String.valueOf(e.getMessage()).replace(file + ": ", "");
            return "does not load (" + message.lines().findFirst().orElse("") + ")";
        }
    }

    /** cuBLAS with the one of its own folder that it is built on, else with the first there is. */
    private void loadBlas() {
        for (Path folder : folders) {
            Path file = folder.resolve(LibraryName.CUBLAS.file(platform));
            if (!Files.exists(file)) {
                continue;
            }
            if (!load(LibraryName.CUBLAS_LT, folder.resolve(LibraryName.CUBLAS_LT.file(platform)))) {
                loadFirst(LibraryName.CUBLAS_LT);
            }
            if (load(LibraryName.CUBLAS, file)) {
                return;
            }
        }
    }

    /**
     * NVRTC looks for its built-in headers by name when it first compiles, not always in its own folder: the first of
     * its version, beside it or beside what links to it before all other folders. If there are none, it says so itself.
     */
    private void loadBuiltins(String version) {
        List<Path> places = new ArrayList<>(besideCompiler());
        places.addAll(folders);
        for (Path place : places) {
            if (loadQuietly(place.resolve("libnvrtc-builtins.so." + version))) {
                return;
            }
        }
    }

    private List<Path> besideCompiler() {
        if (nvrtc == null) {
            return List.of();
        }
        try {
            return List.of(nvrtc.getParent(), nvrtc.toRealPath().getParent());
        } catch (IOException gone) {
            return List.of(nvrtc.getParent());
        }
    }

    /** Loads what helps another library; that one fails in its turn where this was needed. */
    private boolean loadQuietly(Path file) {
        return Files.exists(file) && loadChecked(file) == null;
    }

    private boolean addCarried() {
        try {
            Path folder = CarriedLibraries.unpack(LibrarySearch.class.getClassLoader(), platform, cache);
            return folder != null && folders.add(folder);
        } catch (IOException e) {
            problems.putIfAbsent(LibraryName.CUBLAS, "cannot be unpacked to " + cache.path() + " (" + e.getMessage()
                    + ")");
            return false;
        }
    }

    /** CUDA 13's library, with what it is built on, and the forwarder that leads to it. */
    private void loadForwarder(LibraryName library) {
        for (Path folder : folders) {
            Path target = folder.resolve(library.successor());
            if (!platform.linux() || !Files.exists(target)) {
                continue;
            }
            if (library == LibraryName.CUBLAS) {
                loadQuietly(folder.resolve(LibraryName.CUBLAS_LT.successor()));
            }
            String problem = loadChecked(target);
            if (problem != null) {
                problems.putIfAbsent(library, target + " " + problem);
                continue;
            }
            try {
                if (load(library, forwarder.build(library.file(platform), target))) {
                    forwarded = true;
                    nvrtc = library == LibraryName.NVRTC ? target : nvrtc;
                    return;
                }
            } catch (IOException e) {
                problems.putIfAbsent(library, library.file(platform) + " is missing, " + target + " is there, but "
                        + e.getMessage());
            }
        }
    }

    private void fileVersion(Path file, LibraryName library) {
        try {
            Matcher version = FILE_VERSION.matcher(file.toRealPath().getFileName().toString());
            if (version.find()) {
                versions.put(library, version.group(1));
            } else if (library == LibraryName.DRIVER) {
                versions.put(library, Files.readString(root.resolve("sys/module/nvidia/version")).strip());
            }
        } catch (IOException unknown) {
            versions.remove(library);
        }
    }

    private String driver() {
        String version = versions.get(LibraryName.DRIVER);
        return version == null ? "driver" : "driver " + version;
    }

    private String describe(LibraryName library) {
        Path folder = loaded.get(library).getParent();
        return library.file(platform) + (folder == null ? " by the system's loader" : " in " + folder);
    }

    /** What is missing or broken, and what would help. */
    private String missing() {
        List<String> parts = new ArrayList<>();
        List<String> packages = new ArrayList<>();
        for (LibraryName library : List.of(LibraryName.NVRTC, LibraryName.CUBLAS)) {
            if (!loaded.containsKey(library)) {
                String problem = problems.get(library);
                parts.add(problem == null ? library.file(platform) + " is missing" : problem);
                packages.add(library.pipPackage());
            }
        }
        return String.join(", ", parts) + "; pip install " + String.join(" ", packages)
                + ", or set CUDA_HOME to a toolkit of CUDA 12";
    }

    private CudaLibraries result(boolean usable, String explanation) {
        List<LibraryReport> reports = new ArrayList<>();
        for (LibraryName library : LibraryName.values()) {
            Path path = loaded.get(library);
            reports.add(new LibraryReport(library.file(platform), path == null ? present(library) : path,
                    versions.get(library), path == null ? problem(library, usable) : null, folders));
        }
        return new CudaLibraries(usable, explanation, forwarded ? DRIVER_OF_13 : DRIVER_OF_12, reports);
    }

    /** A file that was not loaded, since something before it is missing. */
    private Path present(LibraryName library) {
        for (Path folder : folders) {
            Path file = folder.resolve(library.file(platform));
            if (Files.exists(file) && !problems.containsKey(library)) {
                return file;
            }
        }
        return null;
    }

    private String problem(LibraryName library, boolean usable) {
        String problem = problems.get(library);
        if (problem != null || usable) {
            return problem;
        }
        return present(library) == null ? "not found" : "not loaded";
    }
}
