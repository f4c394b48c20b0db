package dev.jacobian.examples.dataset;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Properties;

/**
 * A data set that can be fetched.
 *
 * @param name such as {@code fashion-mnist}
 * @param mirrors base addresses, the preferred first
 * @param files what belongs to it
 */
record Catalogue(String name, List<URI> mirrors, List<RemoteFile> files) {

    private static final String RESOURCE = "datasets.properties";
    private static final String MIRRORS = "mirrors";

    /** Reads one data set's part of the configuration. */
    static Catalogue of(String name) {
        Properties all = load();
        String prefix = name + ".";
        List<RemoteFile> files = new ArrayList<>();
        for (String key : all.stringPropertyNames()) {
            if (key.startsWith(prefix) && !key.endsWith(MIRRORS)) {
                String[] parts = words(all.getProperty(key));
                files.add(new RemoteFile(key.substring(prefix.length()), Long.parseLong(parts[0]), parts[1]));
            }
        }
        // Small files first: a mirror that fails is found out soon.
        files.sort((a, b) -> Long.compare(a.bytes(), b.bytes()));
        String chosen = System.getProperty("jacobian." + prefix + MIRRORS,
                System.getenv("JACOBIAN_" + name.toUpperCase(Locale.ROOT).replace('-', '_') + "_MIRRORS"));
        String addresses = chosen == null || chosen.isBlank() ? all.getProperty(prefix + MIRRORS) : chosen;
        return new Catalogue(name, Arrays.stream(words(addresses)).map(Catalogue::folder).toList(), List.copyOf(files));
    }

    private static String[] words(String text) {
        return text.strip().split("\\s+", -1);
    }

    private static URI folder(String address) {
        return URI.create(address.endsWith("/") ? address : address + "/");
    }

    private static Properties load() {
        var properties = new Properties();
        try (InputStream in = Catalogue.class.getResourceAsStream(RESOURCE)) {
            properties.load(in);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        return properties;
    }
}
