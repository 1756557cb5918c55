package dev.weir.tests.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.runtime.store.StoreConfig;
import dev.weir.tests.Repository;
import io.kubernetes.client.openapi.JSON;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** The manifests, rendered as {@code kubectl apply -k} does, against the schemas of Kubernetes 1.33. */
final class KubernetesTest {

    private static final Path FOLDER = Repository.ROOT.resolve("deploy/kubernetes");
    private static final List<String> STAGES = List.of("text-encoder", "denoiser", "upsampler", "decoder");
    private static final String MODELS = "io.kubernetes.client.openapi.models.";

    @BeforeAll
    static void needsKubectl() {
        assumeTrue(
                ComposeRun.isInstalled("kubectl"), "skipped: kubectl, which renders the manifests, is not installed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "gpu", "autoscaling", "store"})
    void everyManifestIsOneByTheSchema(String overlay) {
        for (JsonNode manifest : rendered(overlay)) {
            assertThatCode(() -> validate(manifest))
                    .as(manifest.path("kind").asText() + " "
                            + manifest.path("metadata").path("name").asText())
                    .doesNotThrowAnyException();
        }
    }

    @Test
    void theSchemaRefusesWhatIsMisspelt() throws Exception {
        JsonNode misspelt = new ObjectMapper()
                .readTree("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{\"selector\":{},\"template\":"
                        + "{\"spec\":{\"containers\":[{\"name\":\"weir\",\"readynessProbe\":{}}]}}}}");
        assertThatThrownBy(() -> validate(misspelt)).rootCause().hasMessageContaining("readynessProbe");
    }

    @Test
    void eachStageHasADeploymentThatDrainsAndABudget() {
        List<JsonNode> base = rendered("base");
        for (String role : List.of("gateway", "text-encoder", "denoiser", "upsampler", "decoder")) {
            JsonNode pod = named(base, "Deployment", role)
                    .path("spec")
                    .path("template")
                    .path("spec");
            JsonNode node = pod.path("containers").path(0);
            assertThat(node.path("args").toString()).isEqualTo("[\"node\",\"%s\"]".formatted(role));
            assertThat(node.path("readinessProbe").path("httpGet").path("path").asText())
                    .isEqualTo("/readyz");
            assertThat(node.path("livenessProbe").path("httpGet").path("path").asText())
                    .isEqualTo("/healthz");
            assertThat(node.path("startupProbe").isMissingNode()).isFalse();
            int drainSeconds = named(base, "ConfigMap", "weir")
                    .path("data")
                    .path("WEIR_DRAIN_TIME")
                    .asInt();
            assertThat(pod.path("terminationGracePeriodSeconds").asInt()).isGreaterThan(drainSeconds + 10);
            assertThat(pod.path("enableServiceLinks").asBoolean(true)).isFalse();
            named(base, "PodDisruptionBudget", role);
        }
    }

    @Test
    void theBusAndHazelcastAreOpenToTheClusterAlone() {
        for (JsonNode policy : rendered("base")) {
            for (JsonNode rule : policy.path("spec").path("ingress")) {
                boolean isOfCluster = rule.path("ports").toString().matches(".*(5701|5710).*");
                boolean isFromNodes = rule.path("from").size() == 1
                        && rule.at("/from/0/podSelector/matchLabels/app.kubernetes.io~1part-of")
                                .asText()
                                .equals("weir");
                assertThat(!isOfCluster || isFromNodes).as("%s", policy).isTrue();
                assertThat(rule.path("ports").isEmpty()).as("%s", policy).isFalse();
            }
        }
        JsonNode names = named(rendered("base"), "Service", "weir-cluster").path("spec");
        assertThat(names.path("clusterIP").asText()).isEqualTo("None");
        assertThat(names.path("publishNotReadyAddresses").asBoolean()).isTrue();
    }

    @Test
    void denoisersAndUpsamplersAskForAGpu() {
        List<JsonNode> gpu = rendered("gpu");
        for (String stage : STAGES) {
            JsonNode limits = named(gpu, "Deployment", stage).at("/spec/template/spec/containers/0/resources/limits");
            assertThat(limits.has("nvidia.com/gpu")).as(stage).isEqualTo(stage.matches("denoiser|upsampler"));
        }
    }

    @Test
    void gatewaysAloneReachTheStoreThatTheyAreGiven() {
        List<JsonNode> store = rendered("store");
        JsonNode env = named(store, "Deployment", "gateway").at("/spec/template/spec/containers/0/env");
        StoreConfig used =
                StoreConfig.parse(variable(env, "WEIR_STORE").path("value").asText(), "");
        JsonNode postgres = named(store, "StatefulSet", used.host()).at("/spec/template/spec/containers/0");
        JsonNode made = postgres.path("env");
        assertThat(variable(made, "POSTGRES_USER").path("value").asText()).isEqualTo(used.user());
        assertThat(variable(made, "POSTGRES_DB").path("value").asText()).isEqualTo(used.database());
        assertThat(variable(made, "POSTGRES_PASSWORD").path("valueFrom"))
                .isEqualTo(variable(env, "WEIR_STORE_PASSWORD").path("valueFrom"));
        assertThat(named(store, "Service", used.host()).at("/spec/ports/0/port").asInt())
                .isEqualTo(used.port());
        JsonNode allowed = named(store, "NetworkPolicy", "gateways-to-store").path("spec");
        assertThat(allowed.at("/podSelector/matchLabels/app.kubernetes.io~1name")
                        .asText())
                .isEqualTo("gateway");
        assertThat(allowed.at("/egress/0/ports/0/port").asInt()).isEqualTo(used.port());
        for (String stage : STAGES) {
            assertThat(named(store, "Deployment", stage).toString()).doesNotContain("WEIR_STORE");
        }
    }

    private static JsonNode variable(JsonNode env, String name) {
        for (JsonNode one : env) {
            if (one.path("name").asText().equals(name)) {
                return one;
            }
        }
        throw new AssertionError("there is no " + name);
    }

    @Test
    void eachStageIsScaledByTheBacklogThatTheAdapterOffers() throws Exception {
        List<JsonNode> autoscaling = rendered("autoscaling");
        String rule = Files.readString(FOLDER.resolve("autoscaling/adapter.yaml"));
        for (String stage : STAGES) {
            JsonNode metric =
                    named(autoscaling, "HorizontalPodAutoscaler", stage).at("/spec/metrics/0/pods/metric");
            assertThat(metric.at("/selector/matchLabels/stage").asText()).isEqualTo(stage);
            assertThat(rule).contains("as: " + metric.path("name").asText() + "\n");
            assertThat(named(autoscaling, "Deployment", stage).path("spec").has("replicas"))
                    .isFalse();
        }
    }

    private static List<JsonNode> rendered(String overlay) {
        var outcome = WeirProcess.runCommand(FOLDER, Map.of(), List.of("kubectl", "kustomize", overlay));
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        List<JsonNode> manifests = new ArrayList<>();
        new Yaml().loadAll(outcome.out()).forEach(manifest -> manifests.add(new ObjectMapper().valueToTree(manifest)));
        assertThat(manifests).hasSizeGreaterThan(10);
        return manifests;
    }

    private static JsonNode named(List<JsonNode> manifests, String kind, String name) {
        return manifests.stream()
                .filter(manifest -> manifest.path("kind").asText().equals(kind))
                .filter(manifest ->
                        manifest.path("metadata").path("name").asText().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("there is no " + kind + " " + name));
    }

    /** The client library's models: they refuse unknown fields, report missing required ones, and check each type. */
    private static void validate(JsonNode manifest) throws ReflectiveOperationException {
        String version = manifest.path("apiVersion").asText().replaceFirst(".*/", "");
        Class<?> model = Class.forName(MODELS
                + version.substring(0, 1).toUpperCase(Locale.ROOT)
                + version.substring(1)
                + manifest.path("kind").asText());
        JsonElement json = JsonParser.parseString(manifest.toString());
        model.getMethod("validateJsonElement", JsonElement.class).invoke(null, json);
        JSON.getGson().fromJson(json, model);
    }
}
