// The window that a convolution or a pooling moves over images.
#pragma once

// As Window2d of the backend interface, its numbers in their order.
struct Window {
    int kernelH;
    int kernelW;
    int strideH;
    int strideW;
    int paddingH;
    int paddingW;
    int dilationH;
    int dilationW;
};
