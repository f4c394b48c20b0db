package dev.jacobian.cuda.driver;

import dev.jacobian.backend.DeviceException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * The kernel files of one device, each compiled and loaded when the first of its kernels is asked for; several at once
 * if several threads ask.
 */
final class Modules {
    private final CudaContext context;
    private final KernelSource source;
    private final KernelCache cache;
    private final Map<String, KernelFile> files = new ConcurrentHashMap<>();

    Modules(CudaContext context, KernelSource source, KernelCache cache) {
        this.context = context;
        this.source = source;
        this.cache = cache;
    }

    CUfunction function(String file, String name) {
        CUmodule module = files.computeIfAbsent(file, KernelFile::new).module();
        context.enter();
        CUfunction function = new CUfunction();
        int result = JCudaDriver.cuModuleGetFunction(function, module, name);
        if (result == CUresult.CUDA_ERROR_NOT_FOUND) {
            throw new DeviceException(context.name() + ": " + file + ".cu has no kernel " + name, null);
        }
        context.check(result, "finding kernel " + name);
        return function;
    }

    /** A cached image that the driver refuses, for all its checksum, is compiled anew. */
    private CUmodule load(Program program) {
        context.enter();
        CUmodule module = new CUmodule();
        byte[] image = cache.read(program.key());
        if (image != null && JCudaDriver.cuModuleLoadData(module, image) == CUresult.CUDA_SUCCESS) {
            return module;
        }
        image = program.compile();
        cache.write(program.key(), image);
        context.enter();
        context.check(JCudaDriver.cuModuleLoadData(module, image), "loading " + program.file());
        return module;
    }

    /** One file; its lock is held while it is compiled. Whoever asks after a failure tries again. */
    private final class KernelFile {
        private final String name;
        private CUmodule module;

        KernelFile(String name) {
            this.name = name;
        }

        synchronized CUmodule module() {
            if (module == null) {
                module = load(Program.read(source, name, context));
            }
            return module;
        }
    }
}
