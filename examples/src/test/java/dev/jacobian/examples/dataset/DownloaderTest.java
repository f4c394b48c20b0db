package dev.jacobian.examples.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloaderTest {

    private static final int LENGTH = 300_000;
    private static final byte[] CONTENTS = contents();
    private static final RemoteFile FILE = new RemoteFile("digits.gz", LENGTH, sha256(CONTENTS));

    @TempDir
    Path folder;

    private final List<HttpServer> servers = new ArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());

    private static byte[] contents() {
        byte[] bytes = new byte[LENGTH];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException absent) {
            throw new IllegalStateException(absent);
        }
    }

    @AfterEach
    void stop() {
        servers.forEach(server -> server.stop(0));
        threads.shutdownNow();
    }

    /** What a mirror does when asked for a file; HEAD is answered with 200 unless the status says otherwise. */
    private interface Reply {
        void to(HttpExchange exchange) throws IOException;
    }

    private URI mirror(Reply reply) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        servers.add(server);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            try (exchange) {
                String range = exchange.getRequestHeaders().getFirst("Range");
                requests.add(exchange.getRequestMethod() + " " + server.getAddress().getPort() + " " + range);
                reply.to(exchange);
            }
        });
        server.start();
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
    }

    private static boolean head(HttpExchange exchange) throws IOException {
        boolean head = exchange.getRequestMethod().equals("HEAD");
        if (head) {
            exchange.sendResponseHeaders(200, -1);
        }
        return head;
    }

    /** A server that knows ranges. */
    private static void serve(HttpExchange exchange, byte[] bytes) throws IOException {
        if (head(exchange)) {
            return;
        }
        String range = exchange.getRequestHeaders().getFirst("Range");
        int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
        if (from > 0) {
            exchange.getResponseHeaders().set("Content-Range",
                    "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, bytes.length - from);
        exchange.getResponseBody().write(bytes, from, bytes.length - from);
    }

    /** A server that closes the connection in the middle. */
    private static void cut(HttpExchange exchange) throws IOException {
        if (head(exchange)) {
            return;
        }
        exchange.sendResponseHeaders(200, LENGTH);
        OutputStream body = exchange.getResponseBody();
        body.write(CONTENTS, 0, 100_000);
        body.flush();
    }

    private static void refuse(HttpExchange exchange, int status) throws IOException {
        exchange.sendResponseHeaders(status, -1);
    }

    private void fetch(URI... mirrors) throws IOException {
        fetch(new Counter(), mirrors);
    }

    private void fetch(DownloadView view, URI... mirrors) throws IOException {
        new Downloader(Duration.ofSeconds(2), Duration.ofSeconds(1))
                .fetch(new Catalogue("digits", List.of(mirrors), List.of(FILE)), folder, view);
    }

    private static final class Counter implements DownloadView {
        private long started = -1;
        private long last;
        private int ended;

        @Override
        public void started(String name, long bytes, URI from, long have) {
            started = have;
        }

        @Override
        public void progressed(long have) {
            last = have;
        }

        @Override
        public void ended() {
            ended++;
        }
    }

    private Path target() {
        return folder.resolve("digits.gz");
    }

    private Path part() {
        return folder.resolve("digits.gz.part");
    }

    @Test
    void fetchesAFileAndNothingElse() throws IOException {
        var counter = new Counter();
        fetch(counter, mirror(exchange -> serve(exchange, CONTENTS)));
        assertThat(target()).hasBinaryContent(CONTENTS);
        assertThat(part()).doesNotExist();
        assertThat(counter.started).isZero();
        assertThat(counter.last).isEqualTo(LENGTH);
        assertThat(counter.ended).isEqualTo(1);
    }

    @Test
    void asksForNothingWhenAllIsThere() throws IOException {
        Files.write(target(), CONTENTS);
        fetch(mirror(exchange -> serve(exchange, CONTENTS)));
        assertThat(requests).isEmpty();
    }

    @Test
    void goesOnWhereAnEarlierProgramEnded() throws IOException {
        Files.write(part(), Arrays.copyOf(CONTENTS, 120_000));
        var counter = new Counter();
        fetch(counter, mirror(exchange -> serve(exchange, CONTENTS)));
        assertThat(target()).hasBinaryContent(CONTENTS);
        assertThat(counter.started).isEqualTo(120_000);
        assertThat(requests.getLast()).endsWith("bytes=120000-");
    }

    @Test
    void startsAgainWhereTheServerKnowsNoRanges() throws IOException {
        Files.write(part(), new byte[1000]);
        fetch(mirror(exchange -> {
            if (!head(exchange)) {
                exchange.sendResponseHeaders(200, LENGTH);
                exchange.getResponseBody().write(CONTENTS);
            }
        }));
        assertThat(target()).hasBinaryContent(CONTENTS);
    }

    @Test
    void checksAPartThatIsAlreadyWhole() throws IOException {
        Files.write(part(), CONTENTS);
        fetch(mirror(exchange -> serve(exchange, CONTENTS)));
        assertThat(target()).hasBinaryContent(CONTENTS);
        assertThat(requests).noneMatch(request -> request.startsWith("GET"));
    }

    @Test
    void throwsAwayAPartThatIsLongerThanTheFile() throws IOException {
        Files.write(part(), new byte[LENGTH + 1]);
        fetch(mirror(exchange -> serve(exchange, CONTENTS)));
        assertThat(target()).hasBinaryContent(CONTENTS);
    }

    @Test
    void continuesWithTheNextMirrorAfterATruncatedBody() throws IOException {
        URI first = mirror(DownloaderTest::cut);
        // What refuses the first question is tried last.
        URI second = mirror(exchange -> {
            if (exchange.getRequestMethod().equals("HEAD")) {
                refuse(exchange, 405);
            } else {
                serve(exchange, CONTENTS);
            }
        });
        fetch(first, second);
        assertThat(target()).hasBinaryContent(CONTENTS);
        assertThat(requests.getLast()).endsWith("bytes=100000-");
    }

    @Test
    void keepsWhatCameBeforeATruncation() throws IOException {
        // The connection breaks when all of it has arrived: a client need not hand on what it only holds when it breaks.
        URI mirror = mirror(exchange -> {
            cut(exchange);
            for (int i = 0; i < 1000 && (Files.notExists(part()) || Files.size(part()) < 100_000); i++) {
                LockSupport.parkNanos(5_000_000);
            }
        });
        assertThatThrownBy(() -> fetch(mirror)).isInstanceOf(IOException.class).hasMessageContaining("127.0.0.1");
        assertThat(target()).doesNotExist();
        assertThat(part()).hasBinaryContent(Arrays.copyOf(CONTENTS, 100_000));
    }

    @Test
    void refusesWrongContents() throws IOException {
        byte[] wrong = CONTENTS.clone();
        wrong[5]++;
        URI mirror = mirror(exchange -> serve(exchange, wrong));
        assertThatThrownBy(() -> fetch(mirror)).hasMessageContaining("wrong contents")
                .hasMessageContaining(FILE.sha256());
        assertThat(target()).doesNotExist();
        assertThat(part()).doesNotExist();
    }

    @Test
    void recoversFromAWrongPart() throws IOException {
        Files.write(part(), new byte[1000]);
        fetch(mirror(exchange -> serve(exchange, CONTENTS)));
        assertThat(target()).hasBinaryContent(CONTENTS);
    }

    @Test
    void refusesMoreBytesThanTheFileHas() throws IOException {
        URI mirror = mirror(exchange -> serve(exchange, new byte[LENGTH + 100_000]));
        assertThatThrownBy(() -> fetch(mirror)).hasMessageContaining("sent more than");
        assertThat(target()).doesNotExist();
    }

    @Test
    void leavesAnOldFileAsItWasWhenAllFails() throws IOException {
        byte[] old = {1, 2, 3};
        Files.write(target(), old);
        URI mirror = mirror(exchange -> serve(exchange, new byte[LENGTH]));
        assertThatThrownBy(() -> fetch(mirror)).hasMessageContaining("wrong contents");
        assertThat(target()).hasBinaryContent(old);
    }

    @Test
    void passesOverMirrorsThatRefuse() throws IOException {
        URI missing = mirror(exchange -> refuse(exchange, 404));
        URI headOnly = mirror(exchange -> {
            if (!head(exchange)) {
                refuse(exchange, 503);
            }
        });
        URI good = mirror(exchange -> serve(exchange, CONTENTS));
        fetch(missing, headOnly, good);
        assertThat(target()).hasBinaryContent(CONTENTS);
    }

    @Test
    void saysWhyEveryMirrorFailed() throws IOException {
        URI missing = mirror(exchange -> refuse(exchange, 404));
        URI nobody = closedPort();
        assertThatThrownBy(() -> fetch(missing, nobody)).hasMessageContaining("HTTP status 404")
                .hasMessageContaining("127.0.0.1: no connection");
        assertThat(target()).doesNotExist();
    }

    @Test
    void waitsForNoAnswerLongerThanItsPatience() throws IOException {
        try (var silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            URI mirror = URI.create("http://127.0.0.1:" + silent.getLocalPort() + "/");
            var downloader = new Downloader(Duration.ofMillis(200), Duration.ofSeconds(1));
            var catalogue = new Catalogue("digits", List.of(mirror), List.of(FILE));
            assertThatThrownBy(() -> downloader.fetch(catalogue, folder, new Counter()))
                    .hasMessageMatching(".*(no answer within 200 ms|timed out).*");
        }
    }

    @Test
    void givesUpATransferThatStandsStill() throws IOException {
        URI mirror = mirror(exchange -> {
            if (!head(exchange)) {
                exchange.sendResponseHeaders(200, LENGTH);
                exchange.getResponseBody().write(CONTENTS, 0, 50_000);
                exchange.getResponseBody().flush();
                try {
                    Thread.sleep(20_000);
                } catch (InterruptedException ended) {
                    Thread.currentThread().interrupt();
                }
            }
        });
        assertThatThrownBy(() -> fetch(mirror)).hasMessageContaining("stood still for 1 s");
        assertThat(part()).hasSize(50_000);
    }

    @Test
    void knowsWhatCanBeFetched() {
        for (String name : List.of("mnist", "fashion-mnist")) {
            Catalogue catalogue = Catalogue.of(name);
            assertThat(catalogue.mirrors()).hasSizeGreaterThanOrEqualTo(2)
                    .allMatch(mirror -> mirror.toString().endsWith("/"));
            assertThat(catalogue.files()).hasSize(4).allMatch(file -> file.sha256().matches("[0-9a-f]{64}"));
        }
    }

    @Test
    void takesOtherMirrorsFromAProperty() {
        System.setProperty("jacobian.mnist.mirrors", "http://one.example/a http://two.example/");
        try {
            assertThat(Catalogue.of("mnist").mirrors()).containsExactly(URI.create("http://one.example/a/"),
                    URI.create("http://two.example/"));
        } finally {
            System.clearProperty("jacobian.mnist.mirrors");
        }
    }

    private static URI closedPort() throws IOException {
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return URI.create("http://127.0.0.1:" + free.getLocalPort() + "/");
        }
    }
}
