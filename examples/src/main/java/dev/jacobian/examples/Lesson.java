package dev.jacobian.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A worked problem.
 *
 * @param name as users write it: {@code em-exponential}, {@code convolution-1d}
 * @param script its file: {@code EmExponential.java}, {@code Convolution1d.java}
 */
record Lesson(String name, Path script) {

    private static final String JAVA = ".java";
    private static final int MOST_SUGGESTIONS = 5;

    /** The problem of a script. */
    static Lesson of(Path script) {
        String type = script.getFileName().toString().replace(JAVA, "");
        return new Lesson(type.replaceAll("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z])(?=[0-9])", "-")
                .toLowerCase(Locale.ROOT), script);
    }

    /**
     * All in a folder, by name.
     *
     * @throws Failure if there is none
     */
    static List<Lesson> all(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new Failure("learn: there is no folder " + folder);
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(JAVA)).map(Lesson::of)
                    .sorted(Comparator.comparing(Lesson::name)).toList();
        }
    }

    /**
     * The one that somebody means, in whatever spelling: {@code em-exponential}, {@code EmExponential.java}, or the path of
     * its script or page.
     *
     * @throws Failure if there is none; the message names similar ones
     */
    static Lesson find(List<Lesson> lessons, String wanted) {
        String letters = letters(wanted.replaceFirst("(?i)\\.(java|md)$", "").replaceFirst("^.*[/\\\\]", ""));
        for (Lesson lesson : lessons) {
            if (letters(lesson.name).equals(letters)) {
                return lesson;
            }
        }
        String similar = lessons.stream().filter(lesson -> isSimilar(letters(lesson.name), letters))
                .sorted(Comparator.comparingInt(lesson -> distance(letters(lesson.name), letters))).map(Lesson::name)
                .limit(MOST_SUGGESTIONS).collect(Collectors.joining(", "));
        throw Failure.usage("learn: there is no '" + wanted + "'; "
                + (similar.isEmpty() ? "" : "similar: " + similar + "; ") + "jacobian learn lists all");
    }

    private static String letters(String name) {
        return name.replaceAll("[-_ ]", "").toLowerCase(Locale.ROOT);
    }

    private static boolean isSimilar(String name, String wanted) {
        return !wanted.isEmpty() && (name.contains(wanted) || wanted.contains(name)
                || distance(name, wanted) <= Math.max(1, name.length() / 3));
    }

    /** Levenshtein's: how many letters to insert, delete or replace. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(diagonal, row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }

    /** What it is about: the first sentence of the script's first comment. */
    String summary() throws IOException {
        List<String> comment = Files.readAllLines(script).stream().map(String::strip)
                .dropWhile(line -> !line.startsWith("//")).takeWhile(line -> line.startsWith("//"))
                .map(line -> line.substring(2).strip()).toList();
        // A full stop that ends a line ends the sentence, whatever abbreviations are before it.
        if (comment.isEmpty() || comment.getFirst().endsWith(".")) {
            return comment.isEmpty() ? "" : comment.getFirst();
        }
        return String.join(" ", comment).replaceFirst("(?<=\\.) .*", "");
    }
}
