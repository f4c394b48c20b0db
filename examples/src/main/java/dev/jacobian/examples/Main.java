package dev.jacobian.examples;

import dev.jacobian.examples.script.ScriptException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command line. */
@Command(name = "jacobian", description = "Neural networks in plain Java.", subcommands = {TrainCommand.class,
        RunCommand.class,
        LearnCommand.class,
        DevicesCommand.class,
        DoctorCommand.class}, mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND", footer = {
                "", "Examples:", "  jacobian train mnist",
                "  jacobian train fashion --epochs 5 --save fashion.safetensors",
                "  jacobian run examples/scripts/Mnist.java DIR",
                "  jacobian learn",
                "", "jacobian bench measures this machine beside other libraries; on Linux, jacobian gpu-check checks",
                "and measures a graphics card. See their --help."})
public final class Main implements Runnable {

    private static final String VERBOSE = "JACOBIAN_VERBOSE";

    @Spec
    private CommandSpec spec;

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Show stack traces of errors (also: JACOBIAN_VERBOSE=1).")
    private boolean verbose;

    /**
     * Starts the program.
     *
     * @param arguments what stands behind its name
     */
    public static void main(String[] arguments) {
        int code = commandLine().execute(arguments);
        // Without an error the program ends when its last thread does, as with java itself.
        if (code != ExitCode.OK) {
            System.exit(code);
        }
    }

    /** The command line, printing to the standard streams unless told otherwise. */
    static CommandLine commandLine() {
        var main = new Main();
        CommandLine line = new CommandLine(main).setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((wrong, arguments) -> main.report(wrong))
                .setExecutionExceptionHandler((thrown, command, parsed) -> main.report(command, thrown));
        // Behind the script's name all options are the script's.
        line.getSubcommands().get("run").setStopAtPositional(true);
        return line;
    }

    /** Without a command there is nothing to do but to say what there is. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    private int report(ParameterException wrong) {
        CommandLine command = wrong.getCommandLine();
        PrintWriter err = command.getErr();
        err.println(
                "jacobian: " + wrong.getMessage() + "; see " + command.getCommandSpec().qualifiedName() + " --help");
        if (isVerbose()) {
            wrong.printStackTrace(err);
        }
        err.flush();
        return ExitCode.USAGE;
    }

    private int report(CommandLine command, Exception thrown) {
        PrintWriter err = command.getErr();
        err.println(Errors.describe(thrown));
        if (isVerbose() || !Errors.isExpected(thrown)) {
            (thrown instanceof ScriptException ? thrown.getCause() : thrown).printStackTrace(err);
        }
        err.flush();
        return switch (thrown) {
            case Failure failure -> failure.exitCode();
            case IllegalArgumentException _ -> ExitCode.USAGE;
            default -> ExitCode.FAILED;
        };
    }

    private boolean isVerbose() {
        String variable = System.getenv(VERBOSE);
        return verbose || (variable != null && !variable.isBlank() && !variable.equals("0"));
    }
}
