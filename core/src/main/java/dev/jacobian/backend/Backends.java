package dev.jacobian.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** Finds the devices of this machine, once, and chooses among them. */
final class Backends {
    private static final String PROPERTY = "jacobian.device";
    private static final String VARIABLE = "JACOBIAN_DEVICE";

    private static Found found;
    private static volatile Preferred preferred;

    private Backends() {}

    /** Providers and devices, the fastest first; what cannot be loaded; that and a line about each kind. */
    private record Found(
            List<BackendProvider> providers, List<Device> devices, List<String> broken, List<String> lines) {
        static Found look() {
            List<BackendProvider> providers = new ArrayList<>();
            List<String> broken = new ArrayList<>();
            var iterator = ServiceLoader.load(BackendProvider.class, Backends.class.getClassLoader()).iterator();
            boolean more = true;
            while (more) {
                try {
                    more = iterator.hasNext();
                    if (more) {
                        providers.add(iterator.next());
                    }
                } catch (ServiceConfigurationError | LinkageError failure) {
                    broken.add("a backend cannot be loaded: " + failure.getMessage());
                }
            }
            providers.sort(Comparator.comparingInt(BackendProvider::priority).reversed());
            List<Device> devices = new ArrayList<>();
            List<String> lines = new ArrayList<>(broken);
            for (BackendProvider provider : providers) {
                for (Backend backend : provider.backends()) {
                    devices.add(Device.of(backend));
                }
                lines.add(provider.name() + ": " + provider.explanation());
            }
            return new Found(List.copyOf(providers), List.copyOf(devices), List.copyOf(broken), List.copyOf(lines));
        }
    }

    /** The default device, and who chose it. */
    private record Preferred(Device device, String reason) {
        static Preferred choose() {
            String property = System.getProperty(PROPERTY);
            if (property != null && !property.isBlank()) {
                return new Preferred(find(property), "-D" + PROPERTY + "=" + property);
            }
            String variable = System.getenv(VARIABLE);
            if (variable != null && !variable.isBlank()) {
                return new Preferred(find(variable), VARIABLE + "=" + variable);
            }
            return new Preferred(fastest(), "the fastest there is");
        }
    }

    // Looked up at first use and not in a class initialiser: a failure there would hide its cause from the next caller.
    private static synchronized Found found() {
        if (found == null) {
            found = Found.look();
        }
        return found;
    }

    private static synchronized Preferred choice() {
        if (preferred == null) {
            preferred = Preferred.choose();
        }
        return preferred;
    }

    static List<Device> devices() {
        return found().devices();
    }

    static Device preferred() {
        Preferred made = preferred; // racing threads may both see null; then the lock decides
        return (made != null ? made : choice()).device();
    }

    static List<String> diagnosis() {
        List<String> diagnosis = new ArrayList<>(found().broken());
        for (BackendProvider provider : found().providers()) {
            provider.diagnosis().forEach(line -> diagnosis.add(provider.name() + ": " + line));
        }
        return List.copyOf(diagnosis);
    }

    static String explanation() {
        Device chosen = preferred();
        StringBuilder text = new StringBuilder(chosen.describe()).append(": ").append(choice().reason());
        for (String line : found().lines()) {
            if (!line.endsWith(": " + chosen.describe())) { // which says nothing more
                text.append("; ").append(line);
            }
        }
        return text.toString();
    }

    static Device find(String name) {
        String wanted = name.strip().toLowerCase(Locale.ROOT);
        if (wanted.equals("auto")) {
            return fastest();
        }
        for (Device device : devices()) {
            if (device.toString().equals(wanted) || device.toString().equals(wanted + ":0")) {
                return device;
            }
        }
        throw new IllegalArgumentException(
                "device: no device " + name + " here; available: " + devices() + ", or auto ("
                        + String.join("; ", found().lines()) + ")");
    }

    private static Device fastest() {
        if (devices().isEmpty()) {
            throw new IllegalStateException("device: no backend was found; put jacobian-cpu on the module or class path"
                    + (found().lines().isEmpty() ? "" : " (" + String.join("; ", found().lines()) + ")"));
        }
        return devices().getFirst();
    }
}
