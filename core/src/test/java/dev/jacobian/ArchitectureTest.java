package dev.jacobian;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import dev.jacobian.backend.Backend;
import dev.jacobian.backend.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What may depend on what, and what things may be called. */
final class ArchitectureTest {
    private static final String ROOT = "dev.jacobian";

    private final JavaClasses core = new ClassFileImporter()
            .withImportOption(location -> !location.contains("module-info")).importPath(mainClasses());

    @Test
    void dependsOnTheBaseModuleAlone() {
        String[] base = exported(ModuleFinder.ofSystem().find("java.base").orElseThrow().descriptor())
                .toArray(String[]::new);
        classes().should().onlyDependOnClassesThat(
                resideInAnyPackage(ROOT + "..").or(resideInAnyPackage(base))
                        .or(JavaClass.Predicates.resideInAPackage("")))
                .check(core);
    }

    @Test
    void partsFormNoCycles() {
        slices().assignedFrom(new Parts()).should().beFreeOfCycles().check(core);
    }

    /** The packages, of which the engine's three are one part, and initialisers belong to layers. */
    private static final class Parts implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            String name = type.getPackageName();
            if (!name.startsWith(ROOT + ".")) {
                return SliceIdentifier.ignore();
            }
            int end = name.indexOf('.', ROOT.length() + 1);
            String part = name.substring(ROOT.length() + 1, end < 0 ? name.length() : end);
            return SliceIdentifier.of(Set.of("tensor", "op", "autograd").contains(part) ? "engine" : part);
        }

        @Override
        public String getDescription() {
            return "the parts of core";
        }
    }

    @Test
    void lowerPartsDoNotKnowHigherOnes() {
        noClasses().that().resideInAPackage(ROOT + ".backend..").should().dependOnClassesThat(
                resideInAnyPackage(ROOT + "..").and(JavaClass.Predicates.resideOutsideOfPackage(ROOT + ".backend..")))
                .check(core);
        noClasses().that().resideInAnyPackage(engineAndBelow()).should().dependOnClassesThat().resideInAnyPackage(
                ROOT + ".nn..", ROOT + ".loss..", ROOT + ".optim..", ROOT + ".data..", ROOT + ".io..",
                ROOT + ".graph..", ROOT + ".train..")
                .check(core);
    }

    private static String[] engineAndBelow() {
        return new String[] {ROOT + ".backend..", ROOT + ".memory..", ROOT + ".tensor..", ROOT + ".op..",
                ROOT + ".autograd.."};
    }

    /** Others move elements at most. */
    @Test
    void onlyTheEngineAndOptimisersCallKernels() {
        DescribedPredicate<JavaMethodCall> kernel = DescribedPredicate.describe("kernels", call -> {
            JavaClass owner = call.getTargetOwner();
            boolean moves = Set.of("upload", "download", "synchronize", "copy").contains(call.getName());
            return (owner.isAssignableTo(Backend.class) && !moves)
                    || (owner.getPackageName().equals(ROOT + ".backend") && owner.getSimpleName().endsWith("Kernel"));
        });
        noClasses().that()
                .resideInAnyPackage(ROOT + ".nn..", ROOT + ".loss..", ROOT + ".data..", ROOT + ".graph..",
                        ROOT + ".train..", ROOT + ".io..")
                .should().callMethodWhere(kernel).check(core);
    }

    /** A script imports the whole module beside java.base: a name that both have would be ambiguous. */
    @Test
    void namesClashNeitherWithEachOtherNorWithTheBaseModule() throws IOException {
        Set<String> exports = exported(ownDescriptor());
        assertThat(exports).contains(ROOT + ".tensor", ROOT + ".autograd").doesNotContain(ROOT + ".op");
        List<String> names = core.stream().filter(type -> exports.contains(type.getPackageName()))
                .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC) && type.isTopLevelClass())
                .map(JavaClass::getSimpleName).toList();
        assertThat(names).contains("Tensor", "Param", "GradientCheck").doesNotHaveDuplicates();
        Set<String> taken = publicNamesOfTheBaseModule();
        assertThat(taken).contains("String", "List", "Module").hasSizeGreaterThan(500);
        assertThat(names).doesNotContainAnyElementsOf(taken);
    }

    private static Set<String> exported(ModuleDescriptor module) {
        return module.exports().stream().filter(export -> !export.isQualified()).map(ModuleDescriptor.Exports::source)
                .collect(Collectors.toSet());
    }

    private static ModuleDescriptor ownDescriptor() throws IOException {
        try (InputStream in = Files.newInputStream(mainClasses().resolve("module-info.class"))) {
            return ModuleDescriptor.read(in);
        }
    }

    /** Where the classes that are not tests were compiled to. */
    private static Path mainClasses() {
        try {
            return Path.of(Shape.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException malformed) {
            throw new AssertionError(malformed);
        }
    }

    private static Set<String> publicNamesOfTheBaseModule() throws IOException {
        var base = ModuleFinder.ofSystem().find("java.base").orElseThrow();
        Set<String> exports = exported(base.descriptor());
        try (ModuleReader reader = base.open(); var entries = reader.list()) {
            Set<String> names = new TreeSet<>();
            for (String entry : entries.filter(name -> name.endsWith(".class") && name.contains("/")).toList()) {
                String name = entry.substring(0, entry.length() - ".class".length()).replace('/', '.');
                int dot = name.lastIndexOf('.');
                if (exports.contains(name.substring(0, dot)) && !name.contains("$") && isPublic(name)) {
                    names.add(name.substring(dot + 1));
                }
            }
            return names;
        }
    }

    private static boolean isPublic(String name) {
        try {
            return Modifier.isPublic(Class.forName(name, false, null).getModifiers());
        } catch (ClassNotFoundException _) {
            return false; // package-info
        }
    }
}
