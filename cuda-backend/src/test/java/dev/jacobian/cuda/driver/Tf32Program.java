package dev.jacobian.cuda.driver;

import java.util.Random;

/** Run in a process of its own, since the property counts when a device is opened: prints the error of a product. */
final class Tf32Program {
    private static final int SIZE = 64;

    private Tf32Program() {}

    /** No arguments. */
    public static void main(String[] args) {
        CudaContext context = TestDevice.open("");
        float[] a = random(1);
        float[] b = random(2);
        CudaBuffer da = TestDevice.upload(context, a);
        CudaBuffer db = TestDevice.upload(context, b);
        CudaBuffer dc = TestDevice.upload(context, new float[SIZE * SIZE]);
        context.blas().gemm(false, false, SIZE, SIZE, SIZE, da.address(), SIZE, 0, db.address(), SIZE, 0, 0,
                dc.address(), SIZE, 0, 1);
        System.out.println("error: " + error(TestDevice.floats(context, dc), a, b));
    }

    /** Positive, so that sums do not cancel. */
    private static float[] random(long seed) {
        Random random = new Random(seed);
        float[] values = new float[SIZE * SIZE];
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.5f + random.nextFloat();
        }
        return values;
    }

    /** The largest relative one, against sums in double precision. */
    private static double error(float[] got, float[] a, float[] b) {
        double largest = 0;
        for (int i = 0; i < got.length; i++) {
            double expected = 0;
            for (int j = 0; j < SIZE; j++) {
                expected += (double) a[j * SIZE + i % SIZE] * b[i / SIZE * SIZE + j];
            }
            largest = Math.max(largest, Math.abs(got[i] - expected) / expected);
        }
        return largest;
    }
}
