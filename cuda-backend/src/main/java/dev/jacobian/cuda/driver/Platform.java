package dev.jacobian.cuda.driver;

import java.util.Locale;

/**
 * The operating system and processor, as far as the names of libraries depend on them.
 *
 * @param linux whether it is Linux
 * @param windows whether it is Windows
 * @param x86 whether the processor is a 64-bit x86
 */
record Platform(boolean linux, boolean windows, boolean x86) {
    static Platform current() {
        return of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    }

    static Platform of(String system, String processor) {
        String name = system.toLowerCase(Locale.ROOT);
        return new Platform(name.startsWith("linux"), name.startsWith("windows"),
                processor.equals("amd64") || processor.equals("x86_64"));
    }

    /** As CUDA's toolkits name the folder of their libraries. */
    String target() {
        return x86 ? "x86_64-linux" : "sbsa-linux";
    }

    /** As Debian names the folders of its libraries. */
    String triplet() {
        return x86 ? "x86_64-linux-gnu" : "aarch64-linux-gnu";
    }
}
