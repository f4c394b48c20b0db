package dev.jacobian.examples;

import com.sun.management.OperatingSystemMXBean;
import dev.jacobian.backend.Device;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Says all that matters when something does not run, or runs slowly: send its output along with a question. */
@Command(name = "doctor", description = "Say what this machine has, what was found where, and try every device.", mixinStandardHelpOptions = true)
final class DoctorCommand implements Runnable {
    private static final long MIB = 1 << 20;

    @Spec
    private CommandSpec spec;

    @Mixin
    private DeviceOption device;

    @Override
    public void run() {
        String used = used();
        PrintWriter out = spec.commandLine().getOut();
        Runtime runtime = Runtime.getRuntime();
        out.println("java: " + Runtime.version() + ", " + System.getProperty("java.vm.name") + ", "
                + System.getProperty("java.home"));
        out.println("system: " + System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                + System.getProperty("os.arch") + ", " + runtime.availableProcessors() + " processors");
        out.println("memory: " + memory() + "heap of at most " + runtime.maxMemory() / MIB + " MiB");
        out.println("vector api: " + (ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
                ? "there"
                : "missing; add --add-modules jdk.incubator.vector"));
        Device.diagnosis().forEach(out::println);
        out.println("used: " + used);
        for (Device each : Device.available()) {
            out.flush();
            out.println("self-test of " + each + ": " + SelfTest.run(each));
        }
        out.flush();
    }

    /** A device that is not there is no reason to say nothing: it may be why somebody asks. */
    private String used() {
        try {
            device.apply();
            return Device.explanation();
        } catch (Failure | IllegalArgumentException missing) {
            return "none; " + missing.getMessage();
        }
    }

    /** The machine's own, where this virtual machine can tell. */
    private static String memory() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean machine
                ? machine.getFreeMemorySize() / MIB + " MiB of " + machine.getTotalMemorySize() / MIB + " MiB free, "
                : "";
    }
}
