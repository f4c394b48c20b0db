package dev.jacobian.cuda.driver;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * CUDA's libraries from a jar on the class path: Bytedeco's {@code org.bytedeco:cuda}, classifier
 * {@code linux-x86_64-redist}, keeps them as {@code org/bytedeco/cuda/linux-x86_64/libcublas.so.12}.
 */
final class CarriedLibraries {
    private static final String LINUX = "org/bytedeco/cuda/linux-x86_64/";
    private static final String WINDOWS = "org/bytedeco/cuda/windows-x86_64/";
    /** What NVRTC loads by itself from beside it, by minor version. */
    private static final List<String> BUILTINS = List.of("libnvrtc-builtins.so.12.9", "libnvrtc-builtins.so.12.8",
            "libnvrtc-builtins.so.12.6", "libnvrtc-builtins.so.12.5", "libnvrtc-builtins.so.12.4",
            "libnvrtc-builtins.so.12.3", "nvrtc-builtins64_126.dll", "nvrtc-builtins64_129.dll");

    private CarriedLibraries() {}

    /**
     * Unpacks what the class path carries of CUDA's libraries.
     *
     * @return their folder, or null if there are none
     * @throws IOException if they cannot be written
     */
    static Path unpack(ClassLoader loader, Platform platform, CacheFolder cache) throws IOException {
        String prefix = platform.windows() ? WINDOWS : LINUX;
        CacheFolder folder = cache.sub("cuda");
        boolean any = false;
        for (LibraryName library : LibraryName.values()) {
            any |= library != LibraryName.DRIVER && unpack(loader, prefix, library.file(platform), folder);
        }
        if (!any) {
            return null;
        }
        for (String name : BUILTINS) {
            unpack(loader, prefix, name, folder);
        }
        return folder.path();
    }

    private static boolean unpack(ClassLoader loader, String prefix, String name, CacheFolder folder)
            throws IOException {
        URL resource = loader.getResource(prefix + name);
        if (resource == null) {
            return false;
        }
        URLConnection connection = resource.openConnection();
        long size = connection.getContentLengthLong();
        try (InputStream in = connection.getInputStream()) {
            Path file = folder.file(name);
            if (Files.exists(file) && Files.size(file) == size) {
                return true;
            }
            Files.createDirectories(folder.path());
            Path temporary = Files.createTempFile(folder.path(), name, ".part");
            try {
                try (var out = Files.newOutputStream(temporary)) {
                    in.transferTo(out);
                }
                folder.install(temporary, name);
            } finally {
                Files.deleteIfExists(temporary);
            }
        }
        return true;
    }
}
