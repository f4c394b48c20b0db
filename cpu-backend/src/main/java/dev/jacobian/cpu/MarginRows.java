package dev.jacobian.cpu;

import java.lang.foreign.MemorySegment;

/**
 * The loops of the hinge loss of probabilities, over rows of float32 that lie one after another. For a row p with label t
 * the hinge of class i is p[i] − p[t] + margin. Labels are int32, losses and their gradients float32, with a step between
 * them.
 */
public interface MarginRows {
    /** loss = Σ max(0, hinge) over the classes but the label. */
    void losses(
            MemorySegment p,
            long pAt,
            MemorySegment label,
            long labelAt,
            long labelStep,
            float margin,
            MemorySegment loss,
            long lossAt,
            long lossStep,
            int rows,
            int n);

    /**
     * dx[j] = p[j] ([j in A] − [j = t] k − s + k p[t]) · dloss, where A are the k classes but the label whose hinge is above
     * 0, and s is the sum of their p.
     */
    void gradients(
            MemorySegment p,
            long pAt,
            MemorySegment label,
            long labelAt,
            long labelStep,
            float margin,
            MemorySegment dloss,
            long dlossAt,
            long dlossStep,
            MemorySegment dx,
            long dxAt,
            int rows,
            int n);
}
