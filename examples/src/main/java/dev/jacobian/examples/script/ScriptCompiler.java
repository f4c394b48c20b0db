package dev.jacobian.examples.script;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import dev.jacobian.examples.Failure;
import dev.jacobian.tensor.Tensor;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/** Compiles one source file, compact or not, against the modules and libraries of the running program. */
class ScriptCompiler {

    private static final String MODULE = "dev.jacobian.core";

    /** What the classes depend on besides their source: the library as it was built. */
    String stamp() {
        try (Stream<Path> files = Files.walk(library())) {
            return files.filter(Files::isRegularFile).map(ScriptCompiler::stamp).sorted()
                    .collect(Collectors.joining("\n"));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    private static String stamp(Path file) {
        try {
            return file + " " + Files.size(file) + " " + Files.getLastModifiedTime(file).toMillis();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /**
     * Compiles.
     *
     * @param script the file, for messages and for the name of a compact file's class
     * @param source its text
     * @param classes an existing folder that receives the class files
     * @return the name of the class that is declared first, which is the one to start
     * @throws Failure if the source has errors; the message is the compiler's
     */
    String compile(Path script, String source, Path classes) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new Failure("run: this Java has no compiler; use a JDK instead of a JRE");
        }
        var diagnostics = new DiagnosticCollector<JavaFileObject>();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(diagnostics, Locale.ROOT,
                StandardCharsets.UTF_8)) {
            files.setLocationFromPaths(StandardLocation.CLASS_OUTPUT, List.of(classes));
            List<String> options = List.of("-proc:none", "-implicit:none", "-g", "-parameters", "-p",
                    library().toString(), "--add-modules", MODULE, "-cp", System.getProperty("java.class.path"));
            var task = (JavacTask) compiler.getTask(null, files, diagnostics, options, null,
                    List.of(new Source(script, source)));
            String main = firstClass(task.parse());
            task.generate();
            List<Diagnostic<? extends JavaFileObject>> errors = diagnostics.getDiagnostics().stream()
                    .filter(found -> found.getKind() == Diagnostic.Kind.ERROR).collect(Collectors.toList());
            if (!errors.isEmpty()) {
                throw new Failure(describe(script, source, errors));
            }
            if (main == null) {
                throw new Failure("run: " + script + " declares no class and no main method");
            }
            return main;
        }
    }

    /** Where the library's classes are: a jar, or a folder in the project's own tests. */
    private static Path library() {
        try {
            return Path.of(Tensor.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException odd) {
            throw new IllegalStateException("the library was loaded from an odd place", odd);
        }
    }

    private static String firstClass(Iterable<? extends CompilationUnitTree> units) {
        for (CompilationUnitTree unit : units) {
            for (Tree declared : unit.getTypeDecls()) {
                if (declared instanceof ClassTree type) {
                    String prefix = unit.getPackageName() == null ? "" : unit.getPackageName() + ".";
                    return prefix + type.getSimpleName();
                }
            }
        }
        return null;
    }

    /** As javac prints them: place and message, the line, a caret below the column, the number of errors. */
    private static String describe(Path script, String source, List<Diagnostic<? extends JavaFileObject>> errors) {
        List<String> lines = source.lines().toList();
        var text = new StringBuilder();
        for (Diagnostic<? extends JavaFileObject> error : errors) {
            text.append(script);
            if (error.getLineNumber() != Diagnostic.NOPOS) {
                text.append(':').append(error.getLineNumber());
            }
            text.append(": error: ").append(error.getMessage(Locale.ROOT)).append('\n');
            if (error.getLineNumber() >= 1 && error.getLineNumber() <= lines.size()) {
                text.append(lines.get((int) error.getLineNumber() - 1)).append('\n');
                text.repeat(' ', (int) Math.max(0, error.getColumnNumber() - 1)).append("^\n");
            }
        }
        return text.append(errors.size()).append(errors.size() == 1 ? " error" : " errors").append(" in ")
                .append(script.getFileName()).toString();
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(Path script, String text) {
            super(uri(script), Kind.SOURCE);
            this.text = text;
        }

        /** Only the file's name matters: it names the class of a compact file. */
        private static URI uri(Path script) {
            return new File(script.getFileName().toString()).toURI();
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }
}
