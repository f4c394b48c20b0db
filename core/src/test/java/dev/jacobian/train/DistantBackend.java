package dev.jacobian.train;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.DeviceBuffer;
import dev.jacobian.backend.RandomKey;
import dev.jacobian.backend.View;
import dev.jacobian.testing.ReferenceBackend;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/** The reference backend behind buffers that are not host memory, so that reading seems expensive; counts reads. */
final class DistantBackend {
    private final Backend reference = new ReferenceBackend();
    private final AtomicInteger downloads = new AtomicInteger();

    private record Distant(DeviceBuffer memory) implements DeviceBuffer {
        @Override
        public long bytes() {
            return memory.bytes();
        }
    }

    int downloads() {
        return downloads.get();
    }

    Backend backend() {
        return (Backend) Proxy.newProxyInstance(
                Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (_, method, arguments) -> {
                    if (method.getName().equals("download")) {
                        downloads.incrementAndGet();
                    }
                    Object[] near = arguments == null ? null : new Object[arguments.length];
                    for (int i = 0; near != null && i < near.length; i++) {
                        near[i] = near(arguments[i]);
                    }
                    try {
                        Object result = method.invoke(reference, near);
                        return result instanceof DeviceBuffer buffer ? new Distant(buffer) : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static Object near(Object argument) {
        return switch (argument) {
            case Distant distant -> distant.memory();
            case View view -> near(view);
            case RandomKey key -> new RandomKey(key.seed(), key.stream(), near(key.step()));
            case null, default -> argument;
        };
    }

    private static View near(View view) {
        long[] strides = new long[view.rank()];
        for (int i = 0; i < strides.length; i++) {
            strides[i] = view.stride(i);
        }
        return new View(((Distant) view.buffer()).memory(), view.dtype(), view.shape(), strides, view.offset());
    }
}
