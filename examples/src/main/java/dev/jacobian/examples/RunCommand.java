package dev.jacobian.examples;

import dev.jacobian.examples.script.ScriptException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Runs a script. */
@Command(name = "run", description = "Run a Java source file; it is compiled once, and again when it changes.", mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {

    @Mixin
    private ScriptOptions options;

    @Parameters(index = "0", paramLabel = "SCRIPT", description = "A source file with a main method; it may begin with import module dev.jacobian.core.")
    private Path script;

    @Parameters(index = "1..*", paramLabel = "ARGS", description = "What the script's main receives.")
    private String[] arguments = {};

    @Override
    public Integer call() throws ScriptException {
        options.run(script, arguments);
        return ExitCode.OK;
    }
}
