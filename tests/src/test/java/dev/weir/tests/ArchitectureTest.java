package dev.weir.tests;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The module rules of docs/architecture.md. */
@AnalyzeClasses(packages = "dev.weir", importOptions = DoNotIncludeTests.class)
final class ArchitectureTest {

    private static final String[] SERVICES = {
        "dev.weir.textencoder..", "dev.weir.denoiser..", "dev.weir.upsampler..", "dev.weir.decoder.."
    };

    @ArchTest
    static final ArchRule SERVICES_DO_NOT_KNOW_EACH_OTHER =
            slices().assignedFrom(new ServiceSlices()).should().notDependOnEachOther();

    @ArchTest
    static final ArchRule ONLY_THE_COMMAND_AND_BENCHMARKS_KNOW_SERVICES = noClasses()
            .that()
            .resideOutsideOfPackages(concat(SERVICES, "dev.weir.cli..", "dev.weir.bench.."))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(SERVICES);

    @ArchTest
    static final ArchRule DJL_STAYS_BEHIND_THE_ENGINE = noClasses()
            .that()
            .resideOutsideOfPackages("dev.weir.engine.torch..", "dev.weir.engine.tokenizer..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("ai.djl..");

    /** {@code dev.weir.engine.Natives} unpacks its libraries at build time. */
    @ArchTest
    static final ArchRule ONNX_RUNTIME_STAYS_IN_ITS_PACKAGE = noClasses()
            .that()
            .resideOutsideOfPackage("dev.weir.engine.onnx..")
            .and()
            .doNotHaveFullyQualifiedName("dev.weir.engine.Natives")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("ai.onnxruntime..");

    @ArchTest
    static final ArchRule HAZELCAST_STAYS_IN_THE_CLUSTER_PACKAGE = noClasses()
            .that()
            .resideOutsideOfPackage("dev.weir.runtime.cluster..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.hazelcast..");

    @ArchTest
    static final ArchRule THE_ENGINE_KNOWS_NEITHER_BUS_NOR_CLUSTER = noClasses()
            .that()
            .resideInAPackage("dev.weir.engine..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.vertx..", "dev.weir.proto..", "dev.weir.runtime..", "dev.weir.gateway..");

    @ArchTest
    static final ArchRule RUNTIME_AND_GATEWAY_KNOW_NO_ENGINE = noClasses()
            .that()
            .resideInAnyPackage("dev.weir.runtime..", "dev.weir.gateway..", "dev.weir.proto..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.weir.engine..", "dev.weir.serving..");

    /** Teams embed the client in their own applications. */
    @ArchTest
    static final ArchRule THE_CLIENT_NEEDS_ONLY_THE_JDK_AND_JACKSON = classes()
            .that()
            .resideInAPackage("dev.weir.client..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("dev.weir.client..", "java..", "javax.net.ssl..", "com.fasterxml.jackson..");

    @ArchTest
    static final ArchRule ONLY_THE_COMMAND_KNOWS_THE_CLIENT = noClasses()
            .that()
            .resideOutsideOfPackages("dev.weir.client..", "dev.weir.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.weir.client..");

    /** Gateways use it too. */
    @ArchTest
    static final ArchRule PICTURE_FILES_NEED_NOTHING_ELSE = classes()
            .that()
            .resideInAPackage("dev.weir.picture..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("dev.weir.picture..", "java..");

    @ArchTest
    static final ArchRule THE_RUNTIME_KNOWS_NO_GATEWAY = noClasses()
            .that()
            .resideInAnyPackage("dev.weir.runtime..", "dev.weir.proto..", "dev.weir.serving..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.weir.gateway..", "dev.weir.cli..");

    /** DJL's native code aborts the process if a bfloat16 tensor crosses its boundary. */
    @ArchTest
    static final ArchRule NO_BFLOAT16_AT_THE_EDGE_OF_A_GRAPH = noClasses()
            .should()
            .accessFieldWhere(target(owner(resideInAPackage("ai.djl.."))).and(target(name("BFLOAT16"))));

    private static String[] concat(String[] some, String... more) {
        return java.util.stream.Stream.of(some, more)
                .flatMap(java.util.Arrays::stream)
                .toArray(String[]::new);
    }
}
