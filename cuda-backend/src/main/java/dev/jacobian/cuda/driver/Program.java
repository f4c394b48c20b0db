package dev.jacobian.cuda.driver;

import dev.jacobian.backend.DeviceException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.nvrtc.JNvrtc;
import jcuda.nvrtc.nvrtcProgram;
import jcuda.nvrtc.nvrtcResult;

/** One kernel file with the headers it includes, for one architecture. */
final class Program {
    private static final Pattern INCLUDE = Pattern.compile("(?m)^\\s*#\\s*include\\s*\"([^\"]+)\"");

    private final String device;
    private final String file;
    private final String text;
    private final Map<String, String> headers;
    private final boolean binary;
    private final String[] options;
    private final byte[] key;

    private Program(String device, String file, String text, Map<String, String> headers, int capability) {
        this.device = device;
        this.file = file;
        this.text = text;
        this.headers = headers;
        int target = target(supportedArchitectures(), capability, device);
        this.binary = target == capability;
        this.options = new String[] {"--gpu-architecture=" + (binary ? "sm_" : "compute_") + target, "--std=c++17",
                "-default-device"};
        this.key = key(capability);
    }

    /**
     * Reads a kernel file and, of all headers, those that it includes.
     *
     * @throws DeviceException if a file is missing, or NVRTC is too old for the device
     */
    static Program read(KernelSource source, String name, CudaContext context) {
        String file = name + ".cu";
        String text = required(source, file, context.name());
        Map<String, String> headers = new TreeMap<>();
        addHeaders(source, text, headers, context.name());
        return new Program(context.name(), file, text, headers, context.computeCapability());
    }

    private static void addHeaders(KernelSource source, String text, Map<String, String> headers, String device) {
        for (Matcher include = INCLUDE.matcher(text); include.find();) {
            String header = include.group(1);
            if (!headers.containsKey(header)) {
                String body = required(source, header, device);
                headers.put(header, body);
                addHeaders(source, body, headers, device);
            }
        }
    }

    private static String required(KernelSource source, String file, String device) {
        String text = source.read(file);
        if (text == null) {
            throw new DeviceException(device + ": kernel file " + file + " is missing from this build", null);
        }
        return text;
    }

    /** The device's own architecture if the compiler knows it, else the newest below, for the driver to translate. */
    static int target(int[] supported, int capability, String device) {
        int best = 0;
        for (int architecture : supported) {
            if (architecture <= capability && architecture > best) {
                best = architecture;
            }
        }
        if (best == 0) {
            throw new DeviceException(device + ": compute capability " + capability / 10 + "." + capability % 10
                    + " is below what this NVRTC compiles for " + Arrays.toString(supported)
                    + "; use an older CUDA toolkit", null);
        }
        return best;
    }

    private int[] supportedArchitectures() {
        int[] count = {0};
        check(JNvrtc.nvrtcGetNumSupportedArchs(count), "asking for architectures");
        int[] architectures = new int[count[0]];
        check(JNvrtc.nvrtcGetSupportedArchs(architectures), "asking for architectures");
        return architectures;
    }

    /** NVRTC's version, such as 12.6; null if it does not say. */
    static String compilerVersion() {
        int[] major = {0};
        int[] minor = {0};
        return JNvrtc.nvrtcVersion(major, minor) == nvrtcResult.NVRTC_SUCCESS ? major[0] + "." + minor[0] : null;
    }

    private byte[] key(int capability) {
        List<String> parts = new ArrayList<>(List.of("nvrtc " + compilerVersion(), "sm " + capability, file, text));
        parts.addAll(Arrays.asList(options));
        headers.forEach((name, body) -> {
            parts.add(name);
            parts.add(body);
        });
        return KernelCache.key(parts.toArray(String[]::new));
    }

    String file() {
        return file;
    }

    /** What the image depends on. */
    byte[] key() {
        return key;
    }

    /**
     * Compiles.
     *
     * @return machine code, or PTX where the compiler does not know the architecture
     * @throws DeviceException with the compiler's log if it refuses
     */
    byte[] compile() {
        nvrtcProgram program = new nvrtcProgram();
        check(JNvrtc.nvrtcCreateProgram(program, text, file, headers.size(), headers.values().toArray(String[]::new),
                headers.keySet().toArray(String[]::new)), "creating a program");
        try {
            int result = JNvrtc.nvrtcCompileProgram(program, options.length, options);
            if (result != nvrtcResult.NVRTC_SUCCESS) {
                throw new DeviceException(device + ": compiling " + file + " with " + String.join(" ", options)
                        + " failed with " + nvrtcResult.stringFor(result) + ":\n" + log(program), null);
            }
            return binary ? machineCode(program) : ptx(program);
        } finally {
            JNvrtc.nvrtcDestroyProgram(program);
        }
    }

    private byte[] machineCode(nvrtcProgram program) {
        long[] size = {0};
        check(JNvrtc.nvrtcGetCUBINSize(program, size), "asking for machine code");
        byte[] image = new byte[Math.toIntExact(size[0])];
        check(JNvrtc.nvrtcGetCUBIN(program, image), "asking for machine code");
        return image;
    }

    /** The driver expects the text to end in a zero. */
    private byte[] ptx(nvrtcProgram program) {
        String[] assembly = {null};
        check(JNvrtc.nvrtcGetPTX(program, assembly), "asking for PTX");
        return (assembly[0] + '\0').getBytes(StandardCharsets.UTF_8);
    }

    private static String log(nvrtcProgram program) {
        String[] log = {null};
        int result = JNvrtc.nvrtcGetProgramLog(program, log);
        return result != nvrtcResult.NVRTC_SUCCESS || log[0] == null
                ? "(no log: " + nvrtcResult.stringFor(result) + ")"
                : log[0].strip();
    }

    private void check(int result, String operation) {
        if (result != nvrtcResult.NVRTC_SUCCESS) {
            throw new DeviceException(device + ": NVRTC, " + operation + " for " + file + " failed with "
                    + nvrtcResult.stringFor(result), null);
        }
    }
}
