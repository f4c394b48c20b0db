package dev.jacobian.cuda.driver;

/** The libraries that are needed, in the order in which they have to be loaded, by the names of CUDA 12. */
enum LibraryName {
    /** The driver. */
    DRIVER("libcuda.so.1", "nvcuda.dll", "", ""),
    /** The compiler of kernels. */
    NVRTC("libnvrtc.so.12", "nvrtc64_120_0.dll", "libnvrtc.so.13", "nvidia-cuda-nvrtc-cu12"),
    /** What cuBLAS is built on; it comes with it. */
    CUBLAS_LT("libcublasLt.so.12", "cublasLt64_12.dll", "libcublasLt.so.13", "nvidia-cublas-cu12"),
    /** Matrix products. */
    CUBLAS("libcublas.so.12", "cublas64_12.dll", "libcublas.so.13", "nvidia-cublas-cu12");

    private final String linux;
    private final String windows;
    private final String successor;
    private final String pipPackage;

    LibraryName(String linux, String windows, String successor, String pipPackage) {
        this.linux = linux;
        this.windows = windows;
        this.successor = successor;
        this.pipPackage = pipPackage;
    }

    /** The file's name. */
    String file(Platform platform) {
        return platform.windows() ? windows : linux;
    }

    /** The name in CUDA 13, to which a forwarder can lead; empty where there is none. */
    String successor() {
        return successor;
    }

    /** What pip installs it by; empty for the driver. */
    String pipPackage() {
        return pipPackage;
    }
}
