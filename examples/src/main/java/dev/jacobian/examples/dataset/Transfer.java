package dev.jacobian.examples.dataset;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** One file from one mirror, from where an earlier transfer ended. */
final class Transfer {

    private final HttpClient http;
    private final URI mirror;
    private final RemoteFile file;
    private final Duration stall;

    Transfer(HttpClient http, URI mirror, RemoteFile file, Duration stall) {
        this.http = http;
        this.mirror = mirror;
        this.file = file;
        this.stall = stall;
    }

    /** Appends what is missing. The result is not checked; {@link PartFile#finish} does that. */
    void into(PartFile part, DownloadView view) throws IOException {
        long have = part.size();
        if (have == file.bytes()) {
            return;
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(mirror.resolve(file.name())).timeout(stall);
        if (have > 0) {
            request.header("Range", "bytes=" + have + "-");
        }
        HttpResponse<InputStream> response = send(request.build());
        try (InputStream body = response.body()) {
            switch (response.statusCode()) {
                case 200 -> part.restart();
                case 206 -> requireStart(response, have);
                case 416 -> {
                    part.restart();
                    throw new IOException("refused to go on from byte " + have);
                }
                default -> throw new IOException("HTTP status " + response.statusCode());
            }
            view.started(file.name(), file.bytes(), mirror, part.size());
            copy(body, part, view);
        }
    }

    private static void requireStart(HttpResponse<?> response, long have) throws IOException {
        String range = response.headers().firstValue("Content-Range").orElse("");
        if (!range.startsWith("bytes " + have + "-")) {
            throw new IOException("asked for bytes from " + have + ", got range '" + range + "'");
        }
    }

    private void copy(InputStream body, PartFile part, DownloadView view) throws IOException {
        var moved = new AtomicBoolean();
        var stalled = new AtomicBoolean();
        try (var watch = new Watch()) {
            watch.every(stall, () -> {
                if (!moved.getAndSet(false)) {
                    stalled.set(true);
                    closeQuietly(body);
                }
            });
            byte[] buffer = new byte[1 << 16];
            int count = body.read(buffer);
            while (count >= 0) {
                moved.set(true);
                part.append(buffer, count);
                view.progressed(part.size());
                count = body.read(buffer);
            }
        } catch (IOException failed) {
            if (stalled.get()) {
                throw new IOException("stood still for " + stall.toSeconds() + " s", failed);
            }
            throw failed;
        }
    }

    private HttpResponse<InputStream> send(HttpRequest request) throws IOException {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", stopped);
        }
    }

    private static void closeQuietly(InputStream body) {
        try {
            body.close();
        } catch (IOException closed) {
            // The reader gets an exception of its own, which is reported.
        }
    }

    /** A timer whose thread ends with it. */
    private record Watch(ScheduledExecutorService timer) implements AutoCloseable {
        Watch() {
            this(Executors
                    .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("jacobian-stall").factory()));
        }

        void every(Duration period, Runnable check) {
            var _ = timer.scheduleAtFixedRate(check, period.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
        }

        @Override
        public void close() {
            timer.shutdownNow();
        }
    }
}
