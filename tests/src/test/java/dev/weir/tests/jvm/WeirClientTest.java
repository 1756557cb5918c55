package dev.weir.tests.jvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.weir.bench.cluster.WeirProcess;
import dev.weir.client.Frames;
import dev.weir.client.GatewayUnreachableException;
import dev.weir.client.GenerationCancelledException;
import dev.weir.client.GenerationEvent;
import dev.weir.client.GenerationEvent.Accepted;
import dev.weir.client.GenerationEvent.Completed;
import dev.weir.client.GenerationEvent.Frame;
import dev.weir.client.GenerationEvent.Progress;
import dev.weir.client.GenerationEvent.Reconnecting;
import dev.weir.client.GenerationEvent.Warned;
import dev.weir.client.GenerationResult;
import dev.weir.client.ImageFormat;
import dev.weir.client.ImageRequest;
import dev.weir.client.InvalidRequestException;
import dev.weir.client.ServedModel;
import dev.weir.client.WeirClient;
import dev.weir.tests.BreakingProxy;
import dev.weir.tests.UpServer;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The client library against a real server. */
final class WeirClientTest {

    @RegisterExtension
    static final UpServer UP = new UpServer();

    private static final ImageRequest SHORT =
            ImageRequest.builder("a red apple").seed(7).steps(6).build();
    /** Longer than any test waits. */
    private static final ImageRequest LONG =
            ImageRequest.builder("a red apple").count(10).steps(250).build();

    private final WeirClient weir = WeirClient.of(UP.server().url());
    private final List<GenerationEvent> events = new CopyOnWriteArrayList<>();

    private <E extends GenerationEvent> List<E> events(Class<E> type) {
        return events.stream().filter(type::isInstance).map(type::cast).toList();
    }

    private String acceptedJob() {
        return await().atMost(Duration.ofMinutes(1))
                .until(() -> events(Accepted.class), accepted -> !accepted.isEmpty())
                .get(0)
                .job();
    }

    private static void awaitCancelled(String job) {
        await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> assertThat(
                        UP.server().get("/v1/jobs/" + job).path("status").asText())
                .isEqualTo("cancelled"));
    }

    @Test
    void theSameRequestGivesTheSameBytesAndReportsEveryStep() {
        ImageRequest request = SHORT.toBuilder()
                .count(2)
                .frames(Frames.everySteps(1))
                .format(ImageFormat.JPEG)
                .build();
        GenerationResult result = weir.generate(request, events::add);

        assertThat(result.images()).extracting("sample").containsExactly(0, 1);
        assertThat(result.images()).extracting("seed").containsExactly(7L, 8L);
        assertThat(result.image().bytes()).startsWith(0xff, 0xd8);
        assertThat(result.image().timings()).extracting("stage").containsExactly("text-encoder", "denoiser", "decoder");
        assertThat(events(Accepted.class)).extracting("job").containsExactly(result.job());
        assertThat(events(Progress.class).stream()
                        .filter(step -> step.sample() == 1)
                        .map(Progress::step))
                .isSorted()
                .contains(6);
        assertThat(events(Frame.class)).isNotEmpty().allMatch(frame -> frame.bytes().length > 0);
        assertThat(events(Completed.class)).hasSize(2);

        assertThat(weir.generate(request).image().bytes())
                .isEqualTo(result.image().bytes());
    }

    @Test
    void aPromptThatIsCutIsAWarning() {
        GenerationResult result = weir.generate(
                ImageRequest.builder("a red apple ".repeat(60)).steps(2).build(), events::add);
        assertThat(result.warnings()).extracting("code", "param").containsExactly(tuple("prompt_truncated", "prompt"));
        assertThat(events(Warned.class)).extracting(Warned::warning).containsExactlyElementsOf(result.warnings());
    }

    @Test
    void aBrokenConnectionContinuesTheSameJob() {
        try (BreakingProxy proxy = new BreakingProxy(UP.server().url(), 2000)) {
            GenerationResult result = WeirClient.of(proxy.url())
                    .generate(SHORT.toBuilder().steps(40).build(), events::add);
            assertThat(proxy.broke()).isTrue();
            assertThat(events(Reconnecting.class)).hasSize(1);
            assertThat(events(Accepted.class)).extracting("job").containsExactly(result.job());
            assertThat(events(Completed.class)).hasSize(1);
        }
    }

    @Test
    void aJobThatARestartedServerDoesNotKnowIsSubmittedAgain() {
        ImageRequest request = SHORT.toBuilder().steps(100).build();
        try (WeirProcess first = up(0)) {
            URI url = URI.create(first.awaitReady());
            WeirClient patient = WeirClient.builder()
                    .gateway(url.toString())
                    .patience(Duration.ofMinutes(3))
                    .build();
            CompletableFuture<GenerationResult> result = patient.generateAsync(request, events::add);
            String lost = acceptedJob();
            first.kill();
            try (WeirProcess second = up(url.getPort())) {
                second.awaitReady();
                assertThat(result.join().image().seed()).isEqualTo(7);
                assertThat(events(Accepted.class))
                        .extracting("job")
                        .containsExactly(lost, result.join().job());
                assertThat(events(Completed.class)).hasSize(1);
            }
        }
    }

    private static WeirProcess up(int port) {
        return WeirProcess.start(List.of("up", "--port", String.valueOf(port)));
    }

    @Test
    void ofSeveralGatewaysOneThatAnswersIsAsked() {
        WeirClient client = WeirClient.of("127.0.0.1:9", UP.server().url() + "/v1/");
        assertThat(client.models()).extracting(ServedModel::id).contains("default");
        assertThat(client.generate(SHORT).images()).hasSize(1);
        assertThat(client.isReady()).isTrue();
    }

    @Test
    void statusNamesEveryStageAndKeepsTheWholeAnswer() {
        assertThat(weir.status().stages()).extracting("stage").contains("text-encoder", "denoiser", "decoder");
        assertThat(weir.status().stages().get(1).nodes().get(0).models())
                .extracting("id")
                .contains("default");
        assertThat(weir.status().json()).contains("\"free_credits\"");
    }

    @Test
    void whatIsRefusedHasTheGatewaysCodeAndField() {
        var size = catchThrowableOfType(
                InvalidRequestException.class,
                () -> weir.generate(SHORT.toBuilder().size(99, 99).build()));
        assertThat(size.code()).isEqualTo("unsupported_size");
        assertThat(size.param()).contains("size");
        var model = catchThrowableOfType(
                InvalidRequestException.class,
                () -> weir.generate(SHORT.toBuilder().model("none").build()));
        assertThat(model.code()).isEqualTo("model_not_found");
    }

    @Test
    void whereNoGatewayAnswersTheExceptionSaysSo() {
        assertThatThrownBy(() -> WeirClient.of("http://127.0.0.1:9").generate(SHORT))
                .isInstanceOf(GatewayUnreachableException.class)
                .hasMessageContaining("http://127.0.0.1:9");
        assertThatThrownBy(() -> WeirClient.of("http://127.0.0.1:9").models())
                .isInstanceOf(GatewayUnreachableException.class);
    }

    @Test
    void cancellingTheFutureCancelsTheJob() {
        CompletableFuture<GenerationResult> result = weir.generateAsync(LONG, events::add);
        String job = acceptedJob();
        assertThat(result.cancel(true)).isTrue();
        awaitCancelled(job);
    }

    @Test
    void anInterruptCancelsTheJobAndIsKept() throws InterruptedException {
        CompletableFuture<Boolean> wasInterrupted = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            try {
                weir.generate(LONG, events::add);
            } catch (GenerationCancelledException e) {
                wasInterrupted.complete(Thread.currentThread().isInterrupted());
            }
        });
        caller.start();
        String job = acceptedJob();
        caller.interrupt();
        caller.join();
        assertThat(wasInterrupted).isCompletedWithValue(true);
        awaitCancelled(job);
    }

    @Test
    void aListenerThatThrowsCancelsTheJob() {
        assertThatThrownBy(() -> weir.generate(LONG, event -> {
                    events.add(event);
                    if (event instanceof Progress) {
                        throw new IllegalStateException("the disk is full");
                    }
                }))
                .isInstanceOf(IllegalStateException.class);
        awaitCancelled(acceptedJob());
    }

    @Test
    void closingTheClientCancelsWhatIsRunning() {
        CompletableFuture<GenerationResult> result = weir.generateAsync(LONG, events::add);
        String job = acceptedJob();
        weir.close();
        awaitCancelled(job);
        assertThatThrownBy(result::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(GenerationCancelledException.class);
    }
}
