package dev.jacobian.testing;

import dev.jacobian.backend.Backend;
import dev.jacobian.backend.BackendProvider;
import java.util.List;

/** Offers the {@link ReferenceBackend} to tests; every other kind of device is preferred to it. */
public final class ReferenceProvider implements BackendProvider {
    @Override
    public String name() {
        return "reference";
    }

    @Override
    public int priority() {
        return -1;
    }

    @Override
    public List<Backend> backends() {
        return List.of(new ReferenceBackend());
    }

    @Override
    public String explanation() {
        return "plain loops, for tests";
    }
}
