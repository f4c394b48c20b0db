package dev.jacobian.cuda.driver;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.PatternSyntaxException;

/** The folders in which CUDA's libraries may lie, the most deliberate choice first. Only folders that exist. */
final class LibraryPlaces {
    private static final int DEEPEST_INCLUDE = 8;

    private final Platform platform;
    private final Map<String, String> environment;
    private final Path root;
    private final Path home;
    private final Set<Path> seen = new HashSet<>();
    private final List<Path> folders = new ArrayList<>();

    private LibraryPlaces(Platform platform, Map<String, String> environment, Path root, Path home) {
        this.platform = platform;
        this.environment = environment;
        this.root = root;
        this.home = home;
    }

    /**
     * Lists the folders.
     *
     * @param chosen folders that the user named, separated as in a path; or null
     * @param platform the system
     * @param environment its variables
     * @param root the file system's root; another one in tests
     * @param home the user's folder
     */
    static List<Path> folders(String chosen, Platform platform, Map<String, String> environment, Path root, Path home) {
        LibraryPlaces places = new LibraryPlaces(platform, environment, root, home);
        places.addPath(chosen);
        for (String variable : new String[] {"CUDA_HOME", "CUDA_PATH"}) {
            places.addToolkit(environment.get(variable));
            places.addBelow(environment.get(variable), "."); // some name the folder of the libraries itself
        }
        if (platform.windows()) {
            places.addPath(environment.get("PATH"));
            places.addBelow(environment.get("SystemRoot"), "System32");
        } else {
            places.addPath(environment.get("LD_LIBRARY_PATH"));
            places.addLoader();
            places.addInstalledToolkits();
        }
        places.addPython();
        return List.copyOf(places.folders);
    }

    private void add(Path folder) {
        try {
            // By its real path, since links such as /lib and /usr/local/cuda would list a folder twice.
            if (Files.isDirectory(folder) && seen.add(folder.toRealPath())) {
                folders.add(folder.toAbsolutePath().normalize());
            }
        } catch (IOException unreadable) {
            return;
        }
    }

    private void addPath(String path) {
        if (path == null) {
            return;
        }
        for (String folder : path.split(File.pathSeparator, -1)) {
            if (!folder.isBlank()) {
                add(path(folder));
            }
        }
    }

    /** Rubbish in a variable is a folder that does not exist. */
    private Path path(String name) {
        try {
            return Path.of(name.strip());
        } catch (InvalidPathException e) {
            return root.resolve("nowhere");
        }
    }

    private void addBelow(String folder, String... below) {
        if (folder != null && !folder.isBlank()) {
            for (String name : below) {
                add(path(folder).resolve(name));
            }
        }
    }

    private void addToolkit(String folder) {
        if (platform.windows()) {
            addBelow(folder, "bin", "bin/x64");
        } else {
            addBelow(folder, "lib64", "targets/" + platform.target() + "/lib", "lib");
        }
    }

    /** Where the system's loader looks: what its configuration names, and the folders it knows by itself. */
    private void addLoader() {
        addLoaderFile(root.resolve("etc/ld.so.conf"), 0);
        for (String name : new String[] {"lib/" + platform.triplet(), "usr/lib/" + platform.triplet(), "lib64",
                "usr/lib64", "lib", "usr/lib"}) {
            add(root.resolve(name));
        }
    }

    private void addLoaderFile(Path file, int depth) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException missing) {
            return;
        }
        for (String raw : lines) {
            String line = raw.replaceFirst("#.*", "").strip();
            if (line.startsWith("include ")) {
                Path pattern = file.resolveSibling(line.substring("include ".length()).strip());
                if (depth < DEEPEST_INCLUDE) {
                    for (Path included : glob(below(pattern.getParent()), pattern.getFileName().toString())) {
                        addLoaderFile(included, depth + 1);
                    }
                }
            } else if (line.startsWith("/")) {
                add(below(path(line)));
            }
        }
    }

    /** An absolute path, under the root that is used. */
    private Path below(Path path) {
        return path.startsWith(root) ? path : root.resolve(path.getRoot().relativize(path));
    }

    private void addInstalledToolkits() {
        addToolkit(root.resolve("usr/local/cuda").toString());
        List<Path> toolkits = new ArrayList<>();
        for (String place : new String[] {"usr/local", "opt"}) {
            toolkits.addAll(glob(root.resolve(place), "cuda*"));
        }
        toolkits.forEach(toolkit -> addToolkit(toolkit.toString()));
        add(root.resolve("usr/lib/wsl/lib"));
        add(root.resolve("run/opengl-driver/lib"));
        addBelow(root.resolve("usr/local/nvidia").toString(), "lib64", "lib"); // where containers get the driver
        // A newer driver's library than the installed one, which not every device may run: better than none.
        toolkits.forEach(toolkit -> add(toolkit.resolve("compat")));
    }

    /** What pip and conda install, of active environments before the system's. */
    private void addPython() {
        List<Path> prefixes = new ArrayList<>();
        for (String variable : new String[] {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
            String prefix = environment.get(variable);
            if (prefix != null && !prefix.isBlank()) {
                prefixes.add(path(prefix));
            }
        }
        prefixes.add(home.resolve(".local"));
        prefixes.add(root.resolve("usr/local"));
        prefixes.add(root.resolve("usr"));
        for (String name : new String[] {"miniconda3", "anaconda3", "miniforge3"}) {
            prefixes.add(home.resolve(name));
        }
        prefixes.add(root.resolve("opt/conda"));
        for (Path prefix : prefixes) {
            addPrefix(prefix);
        }
    }

    private void addPrefix(Path prefix) {
        boolean conda = Files.isDirectory(prefix.resolve("conda-meta"));
        if (platform.windows()) {
            addPackages(prefix.resolve("Lib/site-packages"));
            if (conda) {
                add(prefix.resolve("Library/bin"));
            }
            return;
        }
        for (String library : new String[] {"lib", "lib64"}) {
            List<Path> versions = glob(prefix.resolve(library), "python3*");
            for (Path version : versions) {
                addPackages(version.resolve("site-packages"));
                addPackages(version.resolve("dist-packages"));
            }
        }
        if (conda) {
            add(prefix.resolve("lib"));
            addToolkit(prefix.toString());
        }
    }

    private void addPackages(Path packages) {
        Path nvidia = packages.resolve("nvidia");
        if (Files.isDirectory(nvidia)) {
            for (String name : new String[] {"cuda_nvrtc", "cublas", "cu13"}) {
                add(nvidia.resolve(name).resolve(platform.windows() ? "bin" : "lib"));
            }
        }
    }

    /** Newer versions first. */
    private static List<Path> glob(Path folder, String pattern) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, pattern)) {
            stream.forEach(found::add);
        } catch (IOException | PatternSyntaxException missing) {
            return List.of();
        }
        found.sort(Comparator.comparing((Path path) -> path.getFileName().toString()).reversed());
        return found;
    }
}
