package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** A job, and all events that its gateway sends about it. */
public final class WatchedJob {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private final Server server;
    private final JsonNode job;
    private final List<JsonNode> events = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Void> end;

    private WatchedJob(Server server, JsonNode job) {
        this.server = server;
        this.job = job;
        this.end = server.follow(job.path("events_url").asText(), this::line);
    }

    public static WatchedJob start(Server server, Map<String, Object> request) {
        Server.Answer answer = server.post("/v1/jobs", request).join();
        assertThat(answer.status()).as("%s", answer.body()).isEqualTo(202);
        return new WatchedJob(server, answer.body());
    }

    private void line(String line) {
        if (line.startsWith("data: ")) {
            try {
                events.add(JSON.readTree(line.substring("data: ".length())));
            } catch (JsonProcessingException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    public List<JsonNode> events(String type) {
        return events.stream()
                .filter(event -> event.path("type").asText().equals(type))
                .toList();
    }

    /** All events, in order of arrival. */
    List<JsonNode> all() {
        return List.copyOf(events);
    }

    /** All events of a sample, in order of arrival. */
    List<JsonNode> eventsOf(int sample) {
        return events.stream()
                .filter(event -> event.path("sample").asInt() == sample)
                .toList();
    }

    /** Waits for the end. Returns the images' files by sample. */
    public List<byte[]> pictures() {
        end.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
        int images = job.path("images").size();
        assertThat(events("completed")).as("%s", events).hasSize(images);
        return IntStream.range(0, images)
                .mapToObj(i -> server.bytes(
                        "/v1/jobs/%s/images/%d".formatted(job.path("id").asText(), i)))
                .toList();
    }
}
