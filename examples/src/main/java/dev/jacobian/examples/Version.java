package dev.jacobian.examples;

import dev.jacobian.tensor.Tensor;
import java.lang.module.ModuleDescriptor;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        return new String[] {"Jacobian " + library(),
                "Java " + Runtime.version() + " (" + System.getProperty("java.vendor")
                        + ")",
                System.getProperty("os.name") + " " + System.getProperty("os.arch")};
    }

    /** Classes that do not come from the module's jar are somebody's work in progress. */
    private static String library() {
        ModuleDescriptor descriptor = Tensor.class.getModule().getDescriptor();
        return descriptor == null ? "(development)" : descriptor.rawVersion().orElse("(development)");
    }
}
