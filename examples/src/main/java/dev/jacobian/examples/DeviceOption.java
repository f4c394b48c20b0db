package dev.jacobian.examples;

import dev.jacobian.backend.Device;
import picocli.CommandLine.Option;

/** Where to compute: an option that several commands have. */
final class DeviceOption {

    private static final String PROPERTY = "jacobian.device";
    private static final String VARIABLE = "JACOBIAN_DEVICE";
    private static final String AUTO = "auto";

    @Option(names = "--device", paramLabel = "NAME", description = "Where to compute: auto, or a name that 'jacobian devices' lists. Default: JACOBIAN_DEVICE, else auto.")
    private String name;

    @Option(names = "--tf32", description = "On CUDA devices, round the factors of matrix products to TF32: several times faster, about three digits instead of seven.")
    private boolean tf32;

    /**
     * Makes the choice hold for the whole program. Asks for the device at once, so that a wrong name is an error of the
     * command, wherever it stands.
     */
    void apply() {
        if (tf32) {
            System.setProperty("jacobian.tf32", "true"); // read when the device is opened
        }
        String wanted = name != null ? name : chosenElsewhere();
        if (wanted == null) {
            return;
        }
        try {
            Device device = Device.of(wanted);
            if (name != null) {
                System.setProperty(PROPERTY, wanted.strip().equalsIgnoreCase(AUTO) ? AUTO : device.toString());
            }
        } catch (IllegalArgumentException unknown) {
            throw Failure.usage(unknown.getMessage());
        }
    }

    private static String chosenElsewhere() {
        String property = System.getProperty(PROPERTY);
        String chosen = property != null && !property.isBlank() ? property : System.getenv(VARIABLE);
        return chosen == null || chosen.isBlank() ? null : chosen;
    }
}
