package dev.jacobian.examples;

import dev.jacobian.examples.script.ScriptException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs a worked problem of the project's, or lists them. */
@Command(name = "learn", description = "Run a worked problem on backpropagation: derived by hand, compared with automatic differentiation. Without a name, list them.", mixinStandardHelpOptions = true, footer = {
        "", "Each has a page with its mathematics, docs/derivations/NAME.md, and is a script, examples/learn.", "",
        "Examples:", "  jacobian learn", "  jacobian learn softmax-jacobian"})
final class LearnCommand implements Callable<Integer> {

    /** The project's folder; the launcher sets it. */
    private static final String HOME = "jacobian.home";

    @Mixin
    private ScriptOptions options;

    @Parameters(index = "0", arity = "0..1", paramLabel = "NAME", description = "A name from the list, or its script's.")
    private String name;

    @Parameters(index = "1..*", paramLabel = "ARGS", description = "What the script's main receives: of those that draw, the folder for their pictures. Default: the current one.")
    private String[] arguments = {};

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, ScriptException {
        List<Lesson> lessons = Lesson.all(folder());
        if (name == null) {
            list(lessons);
        } else {
            options.run(Lesson.find(lessons, name).script(), arguments);
        }
        return ExitCode.OK;
    }

    private static Path folder() {
        String home = System.getProperty(HOME);
        if (home == null || home.isBlank()) {
            throw new Failure(
                    "learn: does not know the project's folder; start it with the launcher, ./jacobian, or give"
                            + " java -D" + HOME + "=FOLDER");
        }
        return Path.of(home).resolve("examples").resolve("learn");
    }

    private void list(List<Lesson> lessons) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        int widest = lessons.stream().mapToInt(lesson -> lesson.name().length()).max().orElse(0);
        for (Lesson lesson : lessons) {
            out.println(
                    (lesson.name() + " ".repeat(widest - lesson.name().length()) + "  " + lesson.summary()).strip());
        }
        out.flush();
    }
}
