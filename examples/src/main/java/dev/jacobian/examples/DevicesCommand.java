package dev.jacobian.examples;

import dev.jacobian.backend.Device;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists what there is to compute on. */
@Command(name = "devices", description = "List the devices of this machine, and say which one is used and why.", mixinStandardHelpOptions = true)
final class DevicesCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Mixin
    private DeviceOption device;

    @Override
    public void run() {
        device.apply();
        PrintWriter out = spec.commandLine().getOut();
        for (Device available : Device.available()) {
            out.println(available.describe());
        }
        out.println("used: " + Device.explanation());
        out.flush();
    }
}
