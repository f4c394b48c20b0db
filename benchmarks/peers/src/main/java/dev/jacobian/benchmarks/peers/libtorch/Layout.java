package dev.jacobian.benchmarks.peers.libtorch;

import java.util.regex.Pattern;

/**
 * Which cases keep the channels of images innermost in memory, PyTorch's {@code channels_last}: those that are faster
 * for it. Measured on two cores with AVX-512, the residual network takes 0.74 of the time and operations on images
 * take 0.15 to 0.95; only the training of W2 takes a little longer. The system property {@code channelsLast}, a
 * regular expression of case names, says otherwise.
 */
final class Layout {
    private static final Pattern CHANNELS_LAST = Pattern.compile(System.getProperty("channelsLast",
            "W2 inference|W3|W3 inference|(conv|depthwise).*|batchnorm \\d+x\\d+x.*|maxpool.*"));

    private Layout() {}

    static boolean channelsLast(String caseName) {
        return CHANNELS_LAST.matcher(caseName).matches();
    }
}
