package dev.jacobian.examples;

import dev.jacobian.examples.progress.TrainingProgress;
import dev.jacobian.examples.script.ScriptException;
import dev.jacobian.examples.script.ScriptRunner;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How to run a script: what the commands that do so have in common. */
final class ScriptOptions {

    @Mixin
    private DeviceOption device;

    @Option(names = "--no-progress", description = "Show one line for each epoch of training, and no bar.")
    private boolean noProgress;

    /** Runs a script with these options. */
    void run(Path script, String... arguments) throws ScriptException {
        device.apply();
        if (noProgress) {
            TrainingProgress.choose(TrainingProgress.Mode.EPOCHS);
        }
        new ScriptRunner(UserCache.folder("scripts")).run(script, arguments);
    }
}
