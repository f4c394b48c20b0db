package dev.jacobian.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ViewTest {
    private static final DeviceBuffer MEMORY = () -> 1 << 20;

    private static View dense(int... dims) {
        return new View(MEMORY, DType.FLOAT32, Shape.of(dims));
    }

    private static View strided(Shape shape, long offset, long... strides) {
        return new View(MEMORY, DType.FLOAT32, shape, strides, offset);
    }

    /** Where the elements lie in the buffer, in row-major order. */
    private static long[] addresses(View view) {
        List<Long> found = new ArrayList<>();
        walk(view, 0, view.offset(), found);
        return found.stream().mapToLong(Long::longValue).toArray();
    }

    private static void walk(View view, int axis, long address, List<Long> found) {
        if (axis == view.rank()) {
            found.add(address);
            return;
        }
        for (int i = 0; i < view.dim(axis); i++) {
            walk(view, axis + 1, address + i * view.stride(axis), found);
        }
    }

    /** Whether strides exist that put elements of a shape at these addresses: each axis admits one candidate only. */
    private static boolean expressible(long[] addresses, Shape shape) {
        if (addresses.length == 0) {
            return true;
        }
        long[] steps = shape.strides();
        for (int axis = 0; axis < steps.length; axis++) {
            steps[axis] = shape.dim(axis) == 1 ? 0 : addresses[(int) steps[axis]] - addresses[0];
        }
        return Arrays.equals(addresses(strided(shape, addresses[0], steps)), addresses);
    }

    /** A dense tensor that was sliced, repeated and permuted at random; some axes have length 1, a few length 0. */
    private static View randomView(Random random) {
        int rank = random.nextInt(5);
        int[] dims = new int[rank];
        long[] strides = new long[rank];
        Integer[] order = new Integer[rank];
        long step = random.nextBoolean() ? 1 : 2;
        for (int axis = rank - 1; axis >= 0; axis--) {
            int full = 1 + random.nextInt(4);
            int kept = random.nextInt(3) > 0 ? full : random.nextInt(full + 1);
            int stride = random.nextInt(6) > 0 ? 1 : 2;
            dims[axis] = kept == 0 && random.nextInt(4) > 0 ? 1 : kept;
            strides[axis] = random.nextInt(6) > 0 ? step * stride : 0;
            step *= (long) full * stride;
            order[axis] = axis;
        }
        View view = strided(Shape.of(dims), random.nextInt(10), strides);
        if (random.nextBoolean()) {
            Collections.shuffle(Arrays.asList(order), random);
        }
        return view.permute(Arrays.stream(order).mapToInt(Integer::intValue).toArray());
    }

    /** A random shape of as many elements, with axes of length 1 anywhere. */
    private static Shape randomShape(Random random, long size) {
        List<Integer> dims = new ArrayList<>();
        long rest = size;
        while (rest > 1) {
            int factor = 1 + random.nextInt((int) rest);
            if (rest % factor == 0) {
                dims.add(factor);
                rest /= factor;
            }
        }
        if (size == 0) {
            dims.add(random.nextInt(3));
            dims.add(0);
        }
        while (random.nextInt(3) == 0) {
            dims.add(random.nextInt(dims.size() + 1), 1);
        }
        return Shape.of(dims.stream().mapToInt(Integer::intValue).toArray());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void reshapeIsRightOrNullExactlyWhereACopyIsNeeded(long seed) {
        Random random = new Random(seed);
        int viewed = 0;
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            View view = randomView(random);
            Shape target = randomShape(random, view.size());
            long[] expected = addresses(view);
            View reshaped = view.reshape(target);
            String what = view.shape() + " to " + target + " of addresses " + Arrays.toString(expected);
            if (reshaped == null) {
                assertThat(expressible(expected, target)).as(what).isFalse();
                refused++;
            } else {
                assertThat(reshaped.shape()).as(what).isEqualTo(target);
                assertThat(addresses(reshaped)).as(what).isEqualTo(expected);
                viewed += view.isContiguous() ? 0 : 1;
            }
        }
        assertThat(viewed).isGreaterThan(1_000);
        assertThat(refused).isGreaterThan(1_000);
    }

    @Test
    void contiguousMeansOneAfterAnotherFromTheOffset() {
        Random random = new Random(4);
        int dense = 0;
        for (int i = 0; i < 20_000; i++) {
            View view = randomView(random);
            long[] addresses = addresses(view);
            boolean expected = true;
            for (int j = 0; j < addresses.length; j++) {
                expected &= addresses[j] == view.offset() + j;
            }
            assertThat(view.isContiguous()).as(view.shape() + " " + Arrays.toString(addresses)).isEqualTo(expected);
            dense += expected ? 1 : 0;
        }
        assertThat(dense).isBetween(1_000, 19_000);
    }

    @Test
    void reshapesByHand() {
        View transposed = dense(2, 3, 4).permute(1, 0, 2);
        assertThat(transposed.reshape(Shape.of(6, 4))).isNull();
        View split = transposed.reshape(Shape.of(3, 2, 2, 1, 2));
        assertThat(split.stride(0)).isEqualTo(4);
        assertThat(split.stride(1)).isEqualTo(12);
        assertThat(split.stride(2)).isEqualTo(2);
        assertThat(split.stride(4)).isEqualTo(1);
        View everySecond = strided(Shape.of(2, 3), 1, 6, 2);
        assertThat(addresses(everySecond.reshape(Shape.of(6)))).containsExactly(1, 3, 5, 7, 9, 11);
        assertThat(dense(1).reshape(Shape.SCALAR).rank()).isZero();
        assertThat(strided(Shape.of(1, 1), 7, 5, 3).reshape(Shape.SCALAR).offset()).isEqualTo(7);
    }

    @Test
    void permutesAxes() {
        View view = strided(Shape.of(2, 3, 4), 5, 12, 4, 1).permute(2, 0, 1);
        assertThat(view.shape()).isEqualTo(Shape.of(4, 2, 3));
        assertThat(view.offset()).isEqualTo(5);
        for (int i = 0; i < 3; i++) {
            assertThat(view.stride(i)).isEqualTo(new long[] {1, 12, 4}[i]);
        }
        assertThat(view.stride(-1)).isEqualTo(4);
        assertThat(view.isContiguous()).isFalse();
        assertThat(view.permute(1, 2, 0).isContiguous()).isTrue();
        assertThat(addresses(dense(2, 3).permute(1, 0))).containsExactly(0, 3, 1, 4, 2, 5);
    }

    @Test
    void expandRepeats() {
        View column = strided(Shape.of(2, 1), 3, 5, 1);
        assertThat(addresses(column.expand(Shape.of(2, 3)))).containsExactly(3, 3, 3, 8, 8, 8);
        assertThat(addresses(column.expand(Shape.of(2, 2, 2)))).containsExactly(3, 3, 8, 8, 3, 3, 8, 8);
        assertThat(addresses(dense(3).expand(Shape.of(2, 3)))).containsExactly(0, 1, 2, 0, 1, 2);
        assertThat(addresses(dense().expand(Shape.of(4)))).containsExactly(0, 0, 0, 0);
        assertThat(dense(2, 3).expand(Shape.of(4, 2, 3)).isContiguous()).isFalse();
        assertThat(dense(1, 3).expand(Shape.of(0, 3)).size()).isZero();
        assertThat(column.expand(Shape.of(2, 1))).isSameAs(column);
    }

    @Test
    void viewsShareMemoryAndType() {
        View view = new View(MEMORY, DType.INT32, Shape.of(2, 3));
        List<View> others = List.of(view.permute(1, 0), view.reshape(Shape.of(6)), view.expand(Shape.of(2, 2, 3)),
                view.as(Shape.of(2), new long[] {3}, 1));
        assertThat(others).allSatisfy(other -> {
            assertThat(other.buffer()).isSameAs(MEMORY);
            assertThat(other.dtype()).isEqualTo(DType.INT32);
        });
        assertThat(addresses(others.getLast())).containsExactly(1, 4);
    }
}
