package dev.jacobian.examples;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine;

/** Runs the command line in this program, and catches what it prints. */
record Cli(int code, String out, String err) {

    /** Not the user's: tests must not push scripts out of it. */
    static final Path CACHE = Path.of("target", "test-cache").toAbsolutePath();

    static Cli run(String... arguments) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        PrintStream before = System.out;
        var printed = new PrintStream(out, true, StandardCharsets.UTF_8);
        System.setOut(printed);
        System.setProperty("jacobian.cache", CACHE.toString());
        try {
            CommandLine line = Main.commandLine().setOut(new PrintWriter(printed, true, StandardCharsets.UTF_8))
                    .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8)).setColorScheme(
                            CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
            int code = line.execute(arguments);
            return new Cli(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(before);
            System.clearProperty("jacobian.cache");
        }
    }
}
