package dev.jacobian.benchmarks;

import dev.jacobian.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a run found; {@code bench.json} is this.
 *
 * @param date when, in UTC
 * @param machine where
 * @param threads how many each library was given
 * @param turns how it was timed
 * @param libraries what each worker says of itself, by its name
 * @param cases what was measured, in order
 * @param coldStarts how the first steps of a fresh process went
 * @param memory how much memory steps need
 * @param curves losses on real data
 * @param problems one line for everything that makes the run fail
 */
record BenchReport(String date, Machine machine, int threads, Turns turns, Map<String, String> libraries,
        List<CaseResult> cases, List<ColdStart> coldStarts, List<Memory> memory,
        List<Curve> curves, List<String> problems) {
    /** The name of our worker on the CPU; those on other devices have theirs behind it. */
    static final String OURS = "ours";

    /**
     * A case, measured.
     *
     * @param measured what was
     * @param results by worker, ours first
     */
    record CaseResult(BenchCase measured, Map<String, LibraryResult> results) {
        /** Our time over another worker's, if both have the case. */
        Optional<Ratio> ratio(String library) {
            LibraryResult ours = results.get(OURS);
            LibraryResult theirs = results.get(library);
            return library.equals(OURS) || ours == null || theirs == null
                    ? Optional.empty()
                    : Optional.of(Ratio.ofNeighbours(ours.blockSeconds(), theirs.blockSeconds()));
        }

        /** What a worker reaches: floating-point operations or bytes a second; 0 where nothing limits the case. */
        double rate(String library) {
            return (measured.flops() + measured.bytes()) / results.get(library).timing().seconds();
        }
    }

    /**
     * One worker's part of a case.
     *
     * @param timing of a call
     * @param blocks every block that counts
     * @param repeated how many were disturbed, and repeated
     * @param losses how far the first losses are from ours; null for ours, and where there are none
     * @param besideBusyThread time of a call while another process keeps one core busy; null where nobody asked
     */
    record LibraryResult(Timing timing, List<Block> blocks, int repeated, LossCheck losses, Timing besideBusyThread) {
        double[] blockSeconds() {
            return blocks.stream().mapToDouble(Block::seconds).toArray();
        }

        long disturbed() {
            return blocks.stream().filter(Block::disturbed).count();
        }
    }

    /**
     * The first steps of a fresh process.
     *
     * @param library whose
     * @param caseName of what
     * @param calls some of them
     */
    record ColdStart(String library, String caseName, List<ColdCall> calls) {
        private static final double FULL_SPEED = 1.2;

        /** From three numbers a call. */
        static ColdStart of(String library, String caseName, double[] marks) {
            List<ColdCall> calls = new ArrayList<>();
            for (int i = 0; i + 2 < marks.length; i += 3) {
                calls.add(new ColdCall((int) marks[i], marks[i + 1], marks[i + 2]));
            }
            return new ColdStart(library, caseName, List.copyOf(calls));
        }

        /** The first of the calls from which on all take at most a fifth longer than the fastest. */
        ColdCall fullSpeed() {
            double limit = FULL_SPEED * calls.stream().mapToDouble(ColdCall::seconds).min().orElse(0);
            int first = calls.size() - 1;
            while (first > 0 && calls.get(first - 1).seconds() <= limit) {
                first--;
            }
            return calls.get(first);
        }
    }

    /**
     * One of them.
     *
     * @param number from 1
     * @param sinceStart seconds from the start of the process to its end
     * @param seconds it took
     */
    record ColdCall(int number, double sinceStart, double seconds) {}

    /**
     * The most memory that a step needs: parameters, state of the optimiser, data, and what the step makes.
     *
     * @param library whose
     * @param caseName of what
     * @param bytes how much
     * @param counted whether the library counts it itself; otherwise it is by how much the resident memory grew
     */
    record Memory(String library, String caseName, long bytes, boolean counted) {
        /** From what a worker says: as the library counts, −1 if it does not, and resident. */
        static Memory of(String library, String caseName, long[] countedAndResident) {
            boolean counted = countedAndResident[0] >= 0;
            return new Memory(library, caseName, countedAndResident[counted ? 0 : 1], counted);
        }
    }

    /**
     * How the loss of a network went down on real data.
     *
     * @param library whose
     * @param caseName of what
     * @param losses of each step, before its update
     */
    record Curve(String library, String caseName, List<Double> losses) {
        /** The mean loss of one of ten equal parts, counted from 0. */
        double meanOfTenth(int part) {
            int first = losses.size() * part / 10;
            int end = Math.max(first + 1, losses.size() * (part + 1) / 10);
            return losses.subList(first, end).stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        }
    }

    /** The workers that appear beside ours, in order. */
    List<String> others() {
        return libraries.keySet().stream().filter(name -> !name.equals(OURS)).toList();
    }

    List<CaseResult> ofKind(BenchCase.Kind kind) {
        return cases.stream().filter(result -> result.measured().kind() == kind).toList();
    }

    /** What one of our workers reaches in a share of the machine's limit; nothing if that was not measured. */
    Optional<Double> shareOfLimit(CaseResult result, String library) {
        Limits limit = result.measured().limit();
        return limit == null
                ? Optional.empty()
                : ofKind(BenchCase.Kind.LIMIT).stream().filter(other -> other.measured().name().equals(limit.title))
                        .findFirst().map(other -> result.rate(library) / other.rate(OURS));
    }

    private static JsonMapper mapper() {
        return JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    }

    void write(Path file) {
        AtomicFile.write(file, mapper().writeValueAsString(this));
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IOException if it cannot be read, or is something else
     */
    static BenchReport read(Path file) throws IOException {
        try {
            BenchReport report = mapper().readValue(Files.readString(file), BenchReport.class);
            if (report.machine == null || report.cases == null || report.libraries == null) {
                throw new IOException(file + " is no result of a benchmark: machine, cases or libraries are missing");
            }
            return report;
        } catch (JacksonException wrong) {
            throw new IOException(file + " is no result of a benchmark: " + wrong.getOriginalMessage(), wrong);
        }
    }

    /** The results of one worker by case. */
    Map<String, LibraryResult> resultsOf(String library) {
        Map<String, LibraryResult> found = new LinkedHashMap<>();
        for (CaseResult result : cases) {
            if (result.results().containsKey(library)) {
                found.put(result.measured().name(), result.results().get(library));
            }
        }
        return found;
    }
}
