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
 * A test class, run on the device at hand.
 *
 * @param run how many tests ran
 * @param failed how many of them failed
 * @param skipped how many were not run
 * @param failures what the failed ones said
 */
record ConformanceRun(long run, long failed, long skipped, List<String> failures) {
    /** Left out. */
    static final ConformanceRun NONE = new ConformanceRun(0, 0, 0, List.of());

    private static final int LISTED = 20;
    private static final int LINES = 12;

    static ConformanceRun of(String testClass) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(testClass)).build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener);
        TestExecutionSummary summary = listener.getSummary();
        List<String> failures = summary.getFailures().stream().limit(LISTED)
                .map(failure -> failure.getTestIdentifier().getDisplayName() + ": " + text(failure.getException()))
                .toList();
        return new ConformanceRun(summary.getTestsStartedCount(), summary.getTotalFailureCount(),
                summary.getTestsSkippedCount() + summary.getTestsAbortedCount(), failures);
    }

    private static String text(Throwable failure) {
        StringWriter trace = new StringWriter();
        failure.printStackTrace(new PrintWriter(trace));
        return String.join("\n", trace.toString().lines().limit(LINES).toList());
    }

    @Override
    public String toString() {
        return run == 0
                ? "not run"
                : String.format(Locale.ROOT, "%d run, %d failed, %d skipped", run, failed, skipped);
    }
}
