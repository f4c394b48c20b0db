package dev.jacobian.cpu;

import dev.jacobian.backend.HostBuffer;
import dev.jacobian.backend.View;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Access to single float32 elements, by their index in the buffer. */
public final class Floats {
    private Floats() {}

    /** Reads one. */
    public static float get(MemorySegment memory, long index) {
        return memory.get(ValueLayout.JAVA_FLOAT, index << 2);
    }

    /** Writes one. */
    public static void set(MemorySegment memory, long index, float value) {
        memory.set(ValueLayout.JAVA_FLOAT, index << 2, value);
    }

    /** The memory that a view of this backend lies in. */
    static MemorySegment memory(View view) {
        return ((HostBuffer) view.buffer()).segment();
    }
}
