package dev.jacobian.op;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.jacobian.autograd.FusedOp;
import dev.jacobian.autograd.Op;
import dev.jacobian.backend.BinaryOp;
import dev.jacobian.backend.CompareOp;
import dev.jacobian.backend.ReduceOp;
import dev.jacobian.backend.UnaryOp;
import dev.jacobian.testing.Grid;
import dev.jacobian.testing.OpCase;
import dev.jacobian.testing.OpCases;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of operations leaves none out. */
final class OpCasesTest {
    private static final Set<String> TESTED = OpCases.all().stream().map(OpCase::op).collect(Collectors.toSet());

    private static Stream<JavaClass> ops() {
        return new ClassFileImporter().importPackages("dev.jacobian.op").stream()
                .filter(type -> type.isAssignableTo(Op.class));
    }

    private static List<String> variants(String op) {
        return OpCases.all().stream().filter(entry -> entry.op().equals(op)).map(OpCase::variant).toList();
    }

    private static String[] names(Enum<?>... constants) {
        return Arrays.stream(constants).map(Enum::name).toArray(String[]::new);
    }

    @Test
    void everyOpHasAnEntry() {
        Set<String> ops = ops().map(JavaClass::getSimpleName).collect(Collectors.toSet());
        assertThat(ops).hasSizeGreaterThan(20).contains("Softmax", "Unary");
        assertThat(TESTED).containsAll(ops);
        ops.add("Tensor");
        assertThat(ops).as("entries name ops that exist").containsAll(TESTED);
    }

    @Test
    void everyFunctionOfAFamilyHasAnEntry() {
        assertThat(variants("Unary")).contains(names(UnaryOp.values()));
        assertThat(variants("Binary")).contains(names(BinaryOp.values()));
        assertThat(variants("BinaryScalar")).contains(names(BinaryOp.values()));
        assertThat(variants("Compare")).contains(names(CompareOp.values()));
        assertThat(variants("CompareScalar")).contains(names(CompareOp.values()));
        List<String> reductions = Stream.of("Sum", "Extremum").flatMap(op -> variants(op).stream()).toList();
        assertThat(reductions).contains(names(ReduceOp.values()));
        assertThat(variants("ArgReduce")).contains("MAX", "MIN");
    }

    @Test
    void fusedOpsAreMarkedAsSuch() {
        Set<String> fused = ops().filter(type -> type.isAssignableTo(FusedOp.class)).map(JavaClass::getSimpleName)
                .collect(Collectors.toSet());
        assertThat(OpCases.fused().map(OpCase::op)).containsExactlyInAnyOrderElementsOf(fused);
    }

    @Test
    void everyEntryHasSamplesInEveryGrid() {
        for (OpCase entry : OpCases.all()) {
            for (Grid grid : List.of(Grid.FULL, Grid.SMALL, Grid.GRADIENT)) {
                assertThat(entry.samples().apply(grid).filter(sample -> sample.inputs().getFirst().values().length > 1))
                        .as(entry.toString()).isNotEmpty();
            }
        }
    }
}
