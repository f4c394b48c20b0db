package dev.jacobian.op;

import dev.jacobian.autograd.Op;
import dev.jacobian.autograd.OpContext;
import dev.jacobian.backend.Device;
import dev.jacobian.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.List;

/**
 * The same values on another device. The gradient goes back to where they came from.
 *
 * @param device where to
 */
public record Transfer(Device device) implements Op {
    @Override
    public Tensor forward(OpContext context, Tensor... inputs) {
        Tensor x = inputs[0].contiguous();
        Tensor y = Tensor.empty(device, x.dtype(), x.shape());
        long bytes = x.size() * x.dtype().bytes();
        if (bytes > 0) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment host = arena.allocate(bytes, Long.BYTES);
                x.device().backend().download(x.view().buffer(), x.view().offset() * x.dtype().bytes(), host);
                device.backend().upload(host, y.view().buffer(), 0);
            } finally {
                Reference.reachabilityFence(x); // a buffer alone does not keep its memory
            }
        }
        return y;
    }

    @Override
    public List<Tensor> backward(OpContext context, Tensor dy) {
        return List.of(dy.to(context.inputDevice(0)));
    }
}
