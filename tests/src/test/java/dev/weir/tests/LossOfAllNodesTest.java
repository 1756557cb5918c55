package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Jvm;
import dev.weir.testing.FreePort;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All nodes of a cluster are killed at once. Its jobs are in a database, so that they are finished when the nodes are back. */
final class LossOfAllNodesTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final int STEPS = 60;
    private static final Path PHOTO = Repository.ROOT.resolve("engine/src/test/resources/reference/images/photo.png");

    @TempDir
    Path results;

    private final List<WeirProcess> nodes = new ArrayList<>();
    private EmbeddedPostgres database;
    private Server server;

    @BeforeEach
    void startDatabase() {
        try {
            database = EmbeddedPostgres.start();
        } catch (IOException | IllegalStateException e) {
            Assumptions.abort("PostgreSQL cannot be started here: " + e.getMessage());
        }
    }

    @AfterEach
    void end() throws IOException {
        nodes.forEach(WeirProcess::close);
        if (database != null) {
            database.close();
        }
    }

    @Test
    void everyJobThatWasAnsweredIsFinishedAndHasItsEvents() throws IOException {
        String address = "127.0.0.1:" + FreePort.next();
        startNodes(address);
        Map<String, Object> drawn =
                Map.of("prompt", "a red apple", "seed", 7, "num_inference_steps", STEPS, "guidance_scale", 1);
        Map<String, Object> changed = new HashMap<>(drawn);
        changed.put("init_image", Base64.getEncoder().encodeToString(Files.readAllBytes(PHOTO)));
        changed.put("strength", 0.9);
        String kept = submit(drawn);
        byte[] expectedDrawn = picture(kept);
        String lost = submit(changed);
        byte[] expectedChanged = picture(lost);
        assertThat(expectedChanged).isNotEqualTo(expectedDrawn);

        String running = submit(drawn);
        String waiting = submit(changed);
        Awaitility.await("some steps of the first job")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> sample(running).path("step").asInt() >= STEPS / 3);
        assertThat(status(running)).isEqualTo("generating");
        nodes.forEach(WeirProcess::kill);
        nodes.forEach(WeirProcess::awaitExit);
        byte[] other = Files.readAllBytes(PHOTO);
        assertThat(Files.readAllBytes(file(kept))).isEqualTo(expectedDrawn);
        Files.write(file(kept), other);
        Files.delete(file(lost));
        startNodes(address);

        assertThat(picture(running)).isEqualTo(expectedDrawn);
        assertThat(picture(waiting)).isEqualTo(expectedChanged);
        // A finished image is read from its file, and made again if there is none.
        assertThat(picture(kept)).isEqualTo(other);
        assertThat(picture(lost)).isEqualTo(expectedChanged);
        // The record has a start a second after it was told, so the start may come after the loss.
        List<JsonNode> turns = events(running).stream()
                .filter(event -> event.path("type").asText().matches("started|resumed|completed"))
                .toList();
        assertThat(turns)
                .extracting(event -> event.path("type").asText())
                .containsExactlyInAnyOrder("started", "resumed", "completed")
                .endsWith("completed");
        assertThat(turns)
                .filteredOn(event -> event.path("type").asText().equals("resumed"))
                .allSatisfy(event -> assertThat(event.path("step").asInt()).isPositive());
    }

    /** A gateway, and a node with all stages. Each forward pass has one row, because kernels depend on the batch size. */
    private void startNodes(String address) {
        nodes.clear();
        String store = "postgresql://postgres@127.0.0.1:%d/postgres".formatted(database.getPort());
        nodes.add(start("node gateway --port 0 --bind %s --store %s --results %s".formatted(address, store, results)));
        nodes.add(
                start("node text-encoder,denoiser,decoder --threads 1 --max-rows 1 --checkpoint-ms 0 --precision fp32 "
                        + "--join " + address));
        server = Server.at(nodes.get(0).awaitReady());
        nodes.get(1).awaitReady();
        Awaitility.await("the gateway to know the stages").atMost(PATIENCE).until(() -> server.get("/v1/models")
                .path("data")
                .path(0)
                .path("ready")
                .asBoolean());
    }

    private Path file(String job) {
        return results.resolve(job).resolve("0.png");
    }

    private static WeirProcess start(String arguments) {
        return WeirProcess.start(Jvm.WEIR.withHeap("384m"), List.of(arguments.split(" ")));
    }

    private String submit(Map<String, Object> request) {
        Server.Answer answer = server.post("/v1/jobs", request).join();
        assertThat(answer.status()).as("%s", answer.body()).isEqualTo(202);
        return answer.body().path("id").asText();
    }

    private String status(String job) {
        return server.get("/v1/jobs/" + job).path("status").asText();
    }

    private JsonNode sample(String job) {
        return server.get("/v1/jobs/" + job).path("images").path(0);
    }

    /** Of a job, once it is there. */
    private byte[] picture(String job) {
        Awaitility.await("the end of the job").atMost(PATIENCE).until(() -> status(job)
                .equals("completed"));
        byte[][] file = new byte[1][];
        Awaitility.await("its picture").atMost(PATIENCE).until(() -> {
            file[0] = server.bytes("/v1/jobs/" + job + "/images/0");
            return file[0].length > 1 && file[0][1] == 'P';
        });
        return file[0];
    }

    private List<JsonNode> events(String job) {
        return server.text("/v1/jobs/" + job + "/events")
                .lines()
                .filter(line -> line.startsWith("data: "))
                .map(line -> {
                    try {
                        return JSON.readTree(line.substring("data: ".length()));
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .toList();
    }
}
