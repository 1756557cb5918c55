package dev.weir.tests.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.runtime.store.StoreConfig;
import dev.weir.tests.Repository;
import dev.weir.tests.deploy.ComposeFile.Service;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** The promises of the files in deploy/, and the results of other programs on them. */
final class DeployFilesTest {

    private static final Path DEPLOY = Repository.ROOT.resolve("deploy");

    @ParameterizedTest
    @ValueSource(strings = {"Dockerfile", "Dockerfile.cuda"})
    void imagesAreBuiltInStagesPinnedCheckedAndRunWithoutRoot(String name) throws IOException {
        List<String> lines = Files.readAllLines(DEPLOY.resolve(name));
        List<String> bases =
                lines.stream().filter(line -> line.startsWith("FROM ")).toList();
        assertThat(bases).hasSizeGreaterThan(1).noneMatch(line -> line.contains(":latest"));
        assertThat(bases)
                .allMatch(line -> line.matches("FROM (scratch|\\$\\{WEIR_IMAGE}|\\S+:\\S*\\d\\S*)( AS \\S+)?"));
        assertThat(lines).contains("USER 10001:10001").anyMatch(line -> line.startsWith("HEALTHCHECK "));
        assertThat(lines).filteredOn(line -> line.startsWith("USER ")).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Dockerfile", "Dockerfile.cuda"})
    void theLinterHasNothingToSay(String name) {
        assumeTrue(ComposeRun.isInstalled("hadolint"), "skipped: hadolint is not installed");
        assertSucceeds("hadolint", name);
    }

    @Test
    void theImagesHaveTheLibtorchThatTheBuildIsFor() throws IOException {
        String pom = Files.readString(Repository.ROOT.resolve("pom.xml"));
        String version = pom.replaceAll("(?s).*<libtorch.version>(.*?)</.*", "$1");
        assertThat(Files.readString(DEPLOY.resolve("Dockerfile.cuda"))).contains("PYTORCH_VERSION=" + version);
        // The other image has the one that the build unpacked.
        for (String name : List.of("Dockerfile", "layout.sh")) {
            assertThat(Files.readString(DEPLOY.resolve(name))).as(name).doesNotContain("PYTORCH_", "DJL_CACHE_DIR");
        }
    }

    /** Maven refuses to build where the folder of a module is missing. */
    @Test
    void theImageIsBuiltFromAllModules() throws IOException {
        List<String> sent = Files.readAllLines(Repository.ROOT.resolve(".dockerignore"));
        String pom = Files.readString(Repository.ROOT.resolve("pom.xml"));
        List<String> modules = Pattern.compile("<module>(.*?)</module>")
                .matcher(pom)
                .results()
                .map(module -> module.group(1))
                .toList();
        assertThat(modules).hasSizeGreaterThan(10).allSatisfy(module -> assertThat(sent)
                .containsAnyOf(
                        "!" + module,
                        "!" + module.replaceFirst(".*-service$", "*-service"),
                        "!" + module + "/pom.xml"));
    }

    @Test
    void composeTakesTheFile() {
        assumeTrue(ComposeRun.isInstalled("docker-compose"), "skipped: docker-compose is not installed");
        assertSucceeds("docker-compose", "-f", "docker-compose.yml", "config", "--quiet");
    }

    @Test
    void theOverlayWithAStoreIsTakenAndNamesIt() {
        assumeTrue(ComposeRun.isInstalled("docker-compose"), "skipped: docker-compose is not installed");
        List<String> command =
                List.of("docker-compose", "-f", "docker-compose.yml", "-f", "docker-compose.store.yml", "config");
        assertThat(WeirProcess.runCommand(DEPLOY, Map.of(), command).err()).contains("set the password of the store");

        var outcome = WeirProcess.runCommand(DEPLOY, Map.of("WEIR_STORE_PASSWORD", "secret"), command);

        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        JsonNode services = new ObjectMapper()
                .valueToTree(new Yaml().<Map<String, Object>>load(outcome.out()))
                .path("services");
        JsonNode gateway = services.path("gateway");
        StoreConfig used = StoreConfig.parse(
                gateway.at("/environment/WEIR_STORE").asText(),
                gateway.at("/environment/WEIR_STORE_PASSWORD").asText());
        JsonNode store = services.path(used.host());
        assertThat(store.path("image").asText()).matches("postgres:\\d+\\.\\d+-alpine");
        assertThat(store.at("/environment/POSTGRES_USER").asText()).isEqualTo(used.user());
        assertThat(store.at("/environment/POSTGRES_DB").asText()).isEqualTo(used.database());
        assertThat(store.at("/environment/POSTGRES_PASSWORD").asText()).isEqualTo("secret");
        assertThat(store.path("restart").asText()).isEqualTo("unless-stopped");
        assertThat(store.at("/deploy/resources/limits/memory").isMissingNode()).isFalse();
        assertThat(store.has("ports")).isFalse();
        assertThat(gateway.at("/depends_on/store/condition").asText()).isEqualTo("service_healthy");
        // What the file below says still holds.
        assertThat(gateway.at("/environment/WEIR_JOIN").asText()).isEqualTo("weir-cluster:5701");
    }

    @Test
    void eachServiceIsPinnedLimitedStartedAnewAndFreeToBeScaled() throws IOException {
        for (Service service : ComposeFile.read().services().values()) {
            assertThat(service.image()).as(service.name()).matches(".+:\\S*\\d\\S*");
            assertThat(service.all()).containsEntry("restart", "unless-stopped").doesNotContainKey("container_name");
            JsonNode limits = new ObjectMapper().valueToTree(service.all()).at("/deploy/resources/limits");
            assertThat(limits.has("memory") && limits.has("cpus"))
                    .as(service.name())
                    .isTrue();
            if (service.isNode()) {
                // The restrictions that Confinement stands for.
                assertThat(service.all())
                        .doesNotContainKey("ports")
                        .containsEntry("read_only", true)
                        .containsEntry("cap_drop", List.of("ALL"))
                        .containsEntry("security_opt", List.of("no-new-privileges:true"));
                assertThat(service.tmpfs()).containsExactly("/tmp");
                assertThat(service.healthcheck()).isNotEmpty();
                assertThat(service.all().get("volumes")).isEqualTo(List.of("../models:/app/models:ro"));
                assertThat(service.names()).contains("weir-cluster");
            }
        }
        Map<String, Object> root = new Yaml().load(Files.readString(ComposeFile.PATH));
        assertThat(ComposeFile.map(ComposeFile.map(root.get("networks")).get("cluster")))
                .containsEntry("internal", true);
    }

    @Test
    void prometheusTakesItsFiles() {
        assumeTrue(ComposeRun.isInstalled("promtool"), "skipped: promtool is not installed");
        assertSucceeds("promtool", "check", "config", "prometheus/prometheus.yml");
    }

    @Test
    void theDashboardAsksTheSourceThatIsProvisioned() throws IOException {
        Map<String, Object> sources =
                new Yaml().load(Files.readString(DEPLOY.resolve("grafana/provisioning/datasources/prometheus.yml")));
        JsonNode source = new ObjectMapper().valueToTree(sources).at("/datasources/0");
        JsonNode dashboard = new ObjectMapper()
                .readTree(DEPLOY.resolve("grafana/dashboards/weir.json").toFile());
        assertThat(dashboard.path("panels")).isNotEmpty().allSatisfy(panel -> assertThat(
                        panel.at("/datasource/uid").asText())
                .isEqualTo(source.path("uid").asText()));
        Service prometheus = ComposeFile.read().services().get("prometheus");
        assertThat(source.path("url").asText()).isEqualTo("http://%s:9090".formatted(prometheus.name()));
    }

    private static void assertSucceeds(String... command) {
        var outcome = WeirProcess.runCommand(DEPLOY, Map.of(), List.of(command));
        assertThat(outcome.exitCode()).as(outcome.out() + outcome.err()).isZero();
    }
}
