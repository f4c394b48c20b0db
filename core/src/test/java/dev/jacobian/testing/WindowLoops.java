package dev.jacobian.testing;

import dev.jacobian.backend.Shape;
import dev.jacobian.backend.Window2d;

/** All pairs that windows over planes bring together, in plain loops after the kernels' contracts. */
final class WindowLoops {
    private final Window2d window;
    private final Shape x;
    private final Shape y;

    /** For planes x [N, C, H, W] and results y [N, O, positions…]. */
    WindowLoops(Window2d window, Shape x, Shape y) {
        this.window = window;
        this.x = x;
        this.y = y;
    }

    /** One product of a convolution: elements of x, weight and y. */
    interface Product {
        void add(int x, int weight, int y);
    }

    /** One element under a window: of x, its place in its plane, and of y. */
    interface Seen {
        void at(int x, int place, int y);
    }

    private interface Tap {
        void at(int place, int tap);
    }

    /** The elements of a plane under the window at one position, in row-major order. */
    private void taps(int p, int q, Tap action) {
        for (int i = 0; i < window.kernelH(); i++) {
            for (int j = 0; j < window.kernelW(); j++) {
                int row = p * window.strideH() - window.paddingH() + i * window.dilationH();
                int column = q * window.strideW() - window.paddingW() + j * window.dilationW();
                if (row >= 0 && row < x.dim(2) && column >= 0 && column < x.dim(3)) {
                    action.at(row * x.dim(3) + column, i * window.kernelW() + j);
                }
            }
        }
    }

    void convolve(int groups, Product product) {
        int plane = x.dim(2) * x.dim(3);
        int channels = x.dim(1) / groups;
        int filters = y.dim(1) / groups;
        int kernel = window.kernelH() * window.kernelW();
        for (int i = 0; i < y.size(); i++) {
            int result = i;
            int filter = i / (y.dim(2) * y.dim(3)) % y.dim(1);
            int image = i / (y.dim(1) * y.dim(2) * y.dim(3));
            for (int c = 0; c < channels; c++) {
                int channel = (image * x.dim(1) + filter / filters * channels + c) * plane;
                int weights = (filter * channels + c) * kernel;
                taps(i / y.dim(3) % y.dim(2), i % y.dim(3),
                        (place, tap) -> product.add(channel + place, weights + tap, result));
            }
        }
    }

    void pool(Seen seen) {
        int plane = x.dim(2) * x.dim(3);
        for (int i = 0; i < y.size(); i++) {
            int result = i;
            int first = i / (y.dim(2) * y.dim(3)) * plane;
            taps(i / y.dim(3) % y.dim(2), i % y.dim(3),
                    (place, tap) -> seen.at(first + place, place, result));
        }
    }
}
