package dev.jacobian.examples.dataset;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Fetches a data set's files into a folder. Of several mirrors it prefers the one that answers first, and goes on with
 * the next where one fails. A file appears under its name only when it is whole and its SHA-256 is right.
 */
final class Downloader {

    private final Duration patience;
    private final Duration stall;

    /**
     * A downloader.
     *
     * @param patience how long to wait in all until a mirror answers at all: without a network, name look-ups may hang
     * @param stall how long a transfer may stand still
     */
    Downloader(Duration patience, Duration stall) {
        this.patience = patience;
        this.stall = stall;
    }

    /**
     * Fetches what is missing.
     *
     * @throws IOException if a file could not be had from any mirror; the message says why, for each
     */
    void fetch(Catalogue catalogue, Path folder, DownloadView view) throws IOException {
        List<RemoteFile> missing = missing(catalogue, folder);
        if (missing.isEmpty()) {
            return;
        }
        try (var client = new Connection(patience)) {
            List<URI> mirrors = answering(client.http, catalogue, missing.getFirst());
            Files.createDirectories(folder);
            for (RemoteFile file : missing) {
                fetch(client.http, mirrors, file, folder, view);
            }
        }
    }

    /** The files that are not there in their full length; what is there was checked when it came. */
    static List<RemoteFile> missing(Catalogue catalogue, Path folder) throws IOException {
        List<RemoteFile> missing = new ArrayList<>();
        for (RemoteFile file : catalogue.files()) {
            Path path = folder.resolve(file.name());
            if (!Files.isRegularFile(path) || Files.size(path) != file.bytes()) {
                missing.add(file);
            }
        }
        return missing;
    }

    /** All threads are daemons, and closing waits for nothing: a hanging look-up must not keep the program. */
    private record Connection(HttpClient http) implements AutoCloseable {
        Connection(Duration patience) {
            this(HttpClient.newBuilder().connectTimeout(patience).followRedirects(HttpClient.Redirect.NORMAL).build());
        }

        @Override
        public void close() {
            http.shutdownNow();
        }
    }

    private record Answer(URI mirror, String failure) {}

    /** Asks every mirror at once; those that answer within the patience, the others after them. */
    private List<URI> answering(HttpClient http, Catalogue catalogue, RemoteFile probe) throws IOException {
        BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
        for (URI mirror : catalogue.mirrors()) {
            Thread.ofPlatform().daemon().name("jacobian-mirror").start(() -> answers.add(ask(http, mirror, probe)));
        }
        List<URI> good = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        long deadline = System.nanoTime() + patience.toNanos();
        int heard = 0;
        while (good.isEmpty() && heard < catalogue.mirrors().size()) {
            Answer answer = poll(answers, deadline);
            if (answer == null) {
                failures.add("no answer within " + patience.toMillis() + " ms");
                break;
            }
            heard++;
            if (answer.failure == null) {
                good.add(answer.mirror);
            } else {
                failures.add(answer.failure);
            }
        }
        if (good.isEmpty()) {
            throw new IOException(String.join("; ", failures));
        }
        catalogue.mirrors().stream().filter(mirror -> !good.contains(mirror)).forEach(good::add);
        return good;
    }

    private static Answer poll(BlockingQueue<Answer> answers, long deadline) throws IOException {
        try {
            return answers.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", stopped);
        }
    }

    private Answer ask(HttpClient http, URI mirror, RemoteFile probe) {
        HttpRequest request = HttpRequest.newBuilder(mirror.resolve(probe.name())).HEAD().timeout(patience).build();
        try {
            int status = http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
            return new Answer(mirror, status == 200 ? null : mirror.getHost() + ": HTTP status " + status);
        } catch (IOException failed) {
            return new Answer(mirror, mirror.getHost() + ": " + reason(failed));
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return new Answer(mirror, mirror.getHost() + ": interrupted");
        }
    }

    private void fetch(HttpClient http, List<URI> mirrors, RemoteFile file, Path folder, DownloadView view)
            throws IOException {
        List<String> failures = new ArrayList<>();
        try (var part = PartFile.open(folder, file)) {
            if (part.isDone()) {
                return;
            }
            for (URI mirror : mirrors) {
                // What lay there from an earlier program may be wrong: then this mirror deserves a second attempt.
                for (int left = part.size() > 0 ? 2 : 1; left > 0; left--) {
                    try {
                        new Transfer(http, mirror, file, stall).into(part, view);
                        part.finish();
                        return;
                    } catch (IOException failed) {
                        failures.add(mirror.getHost() + ": " + reason(failed));
                    } finally {
                        view.ended();
                    }
                }
            }
        }
        throw new IOException(file.name() + ": " + String.join("; ", failures));
    }

    /** Connection failures of the HTTP client often have no message of their own. */
    private static String reason(Throwable failed) {
        for (Throwable at = failed; at != null; at = at.getCause()) {
            if (at.getMessage() != null && !at.getMessage().isBlank()) {
                return at.getMessage();
            }
        }
        return switch (failed.getClass().getSimpleName()) {
            case "ConnectException" -> "no connection";
            case String name -> name;
        };
    }
}
