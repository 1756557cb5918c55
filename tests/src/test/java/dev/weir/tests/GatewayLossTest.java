package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.bench.cluster.Host;
import dev.weir.bench.cluster.JobClient;
import dev.weir.bench.cluster.JobRequest;
import dev.weir.bench.cluster.JobRun;
import dev.weir.bench.cluster.Member;
import dev.weir.bench.cluster.ProcessCluster;
import dev.weir.bench.cluster.ProcessCluster.Layout;
import dev.weir.runtime.Role;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two gateways, of which one dies, or freezes and comes back, while it owns jobs. */
final class GatewayLossTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    /** After this time the cluster has removed a frozen member and must readmit it. */
    private static final Duration UNTIL_REMOVED = Duration.ofSeconds(15);

    private static final int STEPS = 30;
    private static final Path PHOTO = Repository.ROOT.resolve("engine/src/test/resources/reference/images/photo.png");
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    private static final Map<JobRequest, Map<Integer, byte[]>> UNDISTURBED = new LinkedHashMap<>();
    private static ProcessCluster cluster;
    private static Member owner;
    private static Member other;

    @BeforeAll
    static void startAndDrawUndisturbed() throws Exception {
        List<String> stage = List.of("--precision", "fp32");
        // One row per forward pass: the kernels are the same, whatever else runs.
        List<String> denoiser = List.of("--precision", "fp32", "--max-rows", "1");
        cluster = ProcessCluster.start(
                new Layout(
                        Map.of(Role.GATEWAY, 2, Role.TEXT_ENCODER, 1, Role.DENOISER, 1, Role.DECODER, 1),
                        Map.of(
                                Role.GATEWAY, List.of("-v"),
                                Role.TEXT_ENCODER, stage,
                                Role.DENOISER, denoiser,
                                Role.DECODER, stage)),
                () -> Host.LOOPBACK);
        owner = cluster.members(Role.GATEWAY).get(0);
        other = cluster.members(Role.GATEWAY).get(1);
        awaitEachOther();
        JobClient client = new JobClient(cluster.gateways(), new Random(1), PATIENCE);
        for (int i = 0; i < 6; i++) {
            JobRequest request = new JobRequest("a red apple", 100 + 10L * i, STEPS, "euler_ancestral", 1, 1 + i % 2);
            JobRun run = client.run(request);
            assertThat(run.problem()).isEmpty();
            UNDISTURBED.put(request, Map.copyOf(run.pictures()));
        }
    }

    @AfterAll
    static void end() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void bothAreUp() {
        if (!owner.process().isAlive()) {
            owner.start();
            owner.awaitReady();
        }
        awaitEachOther();
    }

    @Test
    void itsJobsAreAdoptedAndEveryPictureIsTheSameAndToldOnce() throws Exception {
        List<JobRun> runs = underLoad(() -> {
            awaitJobsAt(owner, 3);
            owner.process().kill();
        });

        assertUndisturbed(runs);
        assertThat(Server.at(other.url().toString()).text("/metrics"))
                .containsPattern("weir_gateway_adopted_total [1-9]");
    }

    @Test
    void oneThatStoodStillLetsGoOfWhatOthersAdopted() throws Exception {
        List<JobRun> runs = underLoad(() -> {
            awaitJobsAt(owner, 3);
            double before = adopted(other);
            owner.process().freeze();
            try {
                Awaitility.await("the other gateway to adopt its jobs")
                        .atMost(PATIENCE)
                        .pollDelay(UNTIL_REMOVED)
                        .until(() -> adopted(other) > before);
            } finally {
                owner.process().thaw();
            }
        });

        assertUndisturbed(runs);
        Awaitility.await("it to know that it stood still").atMost(PATIENCE).until(() -> owner.transcript()
                .contains("Stood still"));
        Awaitility.await("it to hold nothing").atMost(PATIENCE).until(() -> jobsAt(owner) == 0);
        for (JobRun run : runs) {
            Awaitility.await("it to answer for the job " + run.id())
                    .atMost(PATIENCE)
                    .ignoreExceptions()
                    .until(() -> server(owner)
                            .get("/v1/jobs/" + run.id())
                            .path("status")
                            .asText()
                            .equals("completed"));
        }
    }

    @Test
    void aSocketAtTheOtherGatewayAttachesToItsJobAndMissesNoPicture() throws Exception {
        JobRequest request = UNDISTURBED.keySet().stream()
                .filter(r -> r.images() == 2)
                .findFirst()
                .orElseThrow();
        HttpResponse<String> accepted =
                submit(owner, request, "attach-" + owner.process().pid());
        assertThat(accepted.statusCode()).as(accepted.body()).isEqualTo(202);
        String job = idOf(accepted);
        awaitJobsAt(owner, 1);
        owner.process().kill();

        try (SocketPictures socket = new SocketPictures(other.url(), "{\"type\":\"attach\",\"job\":\"" + job + "\"}")) {

            Awaitility.await("both pictures")
                    .atMost(PATIENCE)
                    .until(() -> socket.events("completed").size() == 2);
            assertThat(socket.events("completed").stream()
                            .map(event -> event.path("sample").asInt()))
                    .containsExactlyInAnyOrder(0, 1);
            Map<Integer, byte[]> expected = UNDISTURBED.get(request);
            assertThat(socket.finals()).hasSize(2).allSatisfy((sample, bytes) -> assertThat(bytes)
                    .isEqualTo(expected.get(sample)));
        }
    }

    /** It begins with an image, which the next owner has to have too. */
    @Test
    void aRetriedRequestIsTheSameJobAfterItsOwnersDeathToo() throws Exception {
        ObjectNode request = body(UNDISTURBED.keySet().iterator().next())
                .put("init_image", Base64.getEncoder().encodeToString(Files.readAllBytes(PHOTO)))
                .put("strength", 0.9);
        String key = "retry-" + owner.process().pid();
        byte[] undisturbed = picture(other, submit(other, request, "undisturbed-" + key));
        HttpResponse<String> first = submit(owner, request, key);
        assertThat(JSON.readTree(first.body()).path("workflow").asText()).isEqualTo("image_to_image");
        assertThat(submit(other, request, key).body()).contains(idOf(first));
        awaitSteps(owner, first);
        owner.process().kill();

        Awaitility.await("an answer")
                .atMost(PATIENCE)
                .until(() -> submit(other, request, key).statusCode() == 202);
        assertThat(idOf(submit(other, request, key))).isEqualTo(idOf(first));
        JobRequest another = new JobRequest("a blue house", 1, STEPS, "ddim", 1, 1);
        assertThat(submit(other, another, key).statusCode()).isEqualTo(409);
        assertThat(picture(other, first)).isEqualTo(undisturbed);
    }

    private static void awaitSteps(Member at, HttpResponse<String> submitted) throws Exception {
        String job = "/v1/jobs/" + idOf(submitted);
        Awaitility.await("its first steps")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() ->
                        server(at).get(job).path("images").path(0).path("step").asInt() > 0);
    }

    /** Of a job, once it is there. */
    private static byte[] picture(Member at, HttpResponse<String> submitted) throws Exception {
        String job = "/v1/jobs/" + idOf(submitted);
        Awaitility.await("the picture")
                .atMost(PATIENCE)
                .until(() -> server(at).get(job).path("status").asText().equals("completed"));
        return server(at).bytes(job + "/images/0");
    }

    private interface Fault {
        void strike() throws Exception;
    }

    /** All requests at once, half of them at each gateway, and a fault meanwhile. */
    private static List<JobRun> underLoad(Fault fault) throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(UNDISTURBED.size());
        try {
            List<Future<JobRun>> running = new ArrayList<>();
            // Clients with this seed choose the owner first.
            for (JobRequest request : UNDISTURBED.keySet()) {
                JobClient client = new JobClient(cluster.gateways(), preferring(0), PATIENCE);
                running.add(clients.submit(() -> client.run(request)));
            }
            fault.strike();
            List<JobRun> runs = new ArrayList<>();
            for (Future<JobRun> run : running) {
                runs.add(run.get());
            }
            return runs;
        } finally {
            clients.shutdownNow();
        }
    }

    private static Random preferring(int first) {
        return new Random(1) {
            private static final long serialVersionUID = 1L;

            @Override
            public int nextInt(int bound) {
                return first % bound;
            }
        };
    }

    private static void assertUndisturbed(List<JobRun> runs) {
        assertThat(runs).allSatisfy(run -> {
            assertThat(run.problem())
                    .as(() -> owner.transcript() + "\n\n" + other.transcript())
                    .isEmpty();
            assertThat(run.duplicates()).isZero();
            Map<Integer, byte[]> expected = UNDISTURBED.get(run.request());
            run.pictures().forEach((sample, bytes) -> assertThat(bytes).isEqualTo(expected.get(sample)));
            assertThat(run.pictures()).hasSameSizeAs(expected);
        });
    }

    private static HttpResponse<String> submit(Member at, JobRequest request, String key) throws Exception {
        return submit(at, body(request), key);
    }

    private static ObjectNode body(JobRequest request) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("prompt", request.prompt())
                .put("seed", request.seed())
                .put("num_inference_steps", request.steps())
                .put("sampler", request.sampler())
                .put("guidance_scale", request.guidance())
                .put("n", request.images());
    }

    /** As clients do: a gateway that stood still in the test before refuses jobs with 503 until it has found the others again. */
    private static HttpResponse<String> submit(Member at, ObjectNode body, String key) {
        HttpRequest request = HttpRequest.newBuilder(at.url().resolve("/v1/jobs"))
                .timeout(PATIENCE)
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", key)
                .POST(BodyPublishers.ofString(body.toString()))
                .build();
        return Awaitility.await(at + " to answer something else than 503")
                .atMost(PATIENCE)
                .until(() -> HTTP.send(request, BodyHandlers.ofString()), answer -> answer.statusCode() != 503);
    }

    private static String idOf(HttpResponse<String> response) throws Exception {
        return JSON.readTree(response.body()).path("id").asText();
    }

    private static Server server(Member member) {
        return Server.at(member.url().toString());
    }

    private static int jobsAt(Member gateway) {
        return server(gateway).get("/v1/cluster").path("gateway").path("jobs").asInt();
    }

    private static void awaitJobsAt(Member gateway, int count) {
        Awaitility.await("jobs to be made at " + gateway)
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> jobsAt(gateway) >= count);
    }

    private static double adopted(Member gateway) {
        return server(gateway)
                .text("/metrics")
                .lines()
                .filter(line -> line.startsWith("weir_gateway_adopted_total "))
                .mapToDouble(line -> Double.parseDouble(line.split(" ")[1]))
                .sum();
    }

    private static void awaitEachOther() {
        for (Member gateway : List.of(owner, other)) {
            // A failure says what the gateway saw last.
            Awaitility.await(gateway + " to know the other gateway and the stages")
                    .atMost(PATIENCE)
                    .ignoreExceptions()
                    .until(
                            () -> List.of(
                                    server(gateway).get("/v1/cluster"),
                                    server(gateway).get("/v1/models").at("/data/0/ready")),
                            seen -> seen.get(0).path("other_gateways").size() == 1
                                    && seen.get(1).asBoolean());
        }
    }
}
