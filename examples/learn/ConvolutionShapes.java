import module dev.jacobian.core;

// Sizes and parameters of convolutions: three layers, and the formula against 1120 real ones.
void main() {
    Tensor x = Tensor.zeros(1, 3, 128, 128);
    IO.println("input      " + x.shape());
    for (Layer layer : List.of(new Conv2d(3, 32, 3).stride(2).padding(1), new MaxPool2d(2),
            new Conv2d(32, 64, 3).padding(1))) {
        x = layer.call(x);
        IO.println(String.format("%-10s %-17s parameters %5d", layer.getClass().getSimpleName(), x.shape(),
                layer.parameterCount()));
    }
    IO.println("the last one without bias: " + new Conv2d(32, 64, 3, 3, 1, false).parameterCount());

    IO.println("\n in  k  s  p  d   formula  Conv2d");
    int[][] table = {{128, 3, 2, 1, 1}, {128, 8, 2, 3, 1}, {64, 2, 2, 0, 1}, {32, 3, 1, 1, 1}, {32, 3, 1, 0, 1},
            {32, 5, 1, 2, 1}, {32, 3, 1, 2, 2}, {32, 3, 2, 1, 2}, {7, 3, 3, 0, 1}, {7, 4, 2, 3, 2}, {5, 3, 1, 0, 3}};
    for (int[] t : table) {
        IO.println(String.format("%3d %2d %2d %2d %2d   %7d  %6s", t[0], t[1], t[2], t[3], t[4],
                formula(t[0], t[1], t[2], t[3], t[4]), size(t[0], t[1], t[2], t[3], t[4])));
    }

    int equal = 0, refused = 0, different = 0;
    for (int in = 1; in <= 19; in += 3) {
        for (int i = 0; i < 5 * 2 * 4 * 4; i++) {
            int k = 1 + i % 5, s = 1 + i / 5 % 2 * 2, p = i / 10 % 4, d = 1 + i / 40;
            int out = formula(in, k, s, p, d);
            String real = size(in, k, s, p, d);
            if (out < 1 && real.equals("refused")) {
                refused++;
            } else if (real.equals(Integer.toString(out))) {
                equal++;
            } else {
                different++;
            }
        }
    }
    IO.println(equal + " layers are as the formula says, " + refused + " are refused where it gives no size, "
            + different + " differ");
}

int formula(int in, int k, int s, int p, int d) {
    return Math.floorDiv(in + 2 * p - d * (k - 1) - 1, s) + 1;
}

/** The width of what a real layer makes of an image of this width. */
String size(int in, int k, int s, int p, int d) {
    try {
        var layer = new Conv2d(1, 1, k).stride(s).padding(p).dilation(d);
        return Integer.toString(layer.call(Tensor.zeros(1, 1, in, in)).dim(3));
    } catch (IllegalArgumentException kernelReachesTooFar) {
        return "refused";
    }
}
