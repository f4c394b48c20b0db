package dev.jacobian.benchmarks;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Locale;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * A test class, run on a device.
 *
 * @param run how many tests ran to an end, good or bad
 * @param failed how many failed, or could not be prepared
 * @param skipped how many were not run, or gave up since something they assume is not there
 * @param failures what the failed ones said
 */
record ConformanceRun(long run, long failed, long skipped, List<String> failures) {
    /** Left out. */
    static final ConformanceRun NONE = new ConformanceRun(0, 0, 0, List.of());

    /** Names the device to the tests. */
    private static final String DEVICE = "jacobian.test.device";

    private static final int LISTED = 20;
    private static final int LINES = 12;

    static ConformanceRun of(String testClass, String device) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(testClass)).build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        System.setProperty(DEVICE, device);
        try {
            LauncherFactory.create().execute(request, listener);
        } finally {
            System.clearProperty(DEVICE);
        }
        TestExecutionSummary summary = listener.getSummary();
        List<String> failures = summary.getFailures().stream().limit(LISTED)
                .map(failure -> failure.getTestIdentifier().getDisplayName() + ": " + text(failure.getException()))
                .toList();
        return new ConformanceRun(summary.getTestsSucceededCount() + summary.getTestsFailedCount(),
                summary.getTotalFailureCount(), summary.getTestsSkippedCount() + summary.getTestsAbortedCount(),
                failures);
    }

    /** Whether tests ran and none failed: where all were skipped, nothing is known. */
    boolean passed() {
        return run > 0 && failed == 0;
    }

    private static String text(Throwable failure) {
        StringWriter trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace));
        return String.join("\n", trace.toString().lines().limit(LINES).toList());
    }

    @Override
    public String toString() {
        return equals(NONE)
                ? "not run"
                : String.format(Locale.ROOT, "%d run, %d failed, %d skipped", run, failed, skipped);
    }
}
