package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.TINY;
import static dev.weir.tests.stages.Tasks.generation;
import static dev.weir.tests.stages.Tasks.task;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.weir.engine.TextEncoder;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Conditioning;
import dev.weir.proto.v1.Generation;
import dev.weir.runtime.memory.LocalMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.memory.MemoryMap;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Work;
import dev.weir.textencoder.StatesMemory;
import dev.weir.textencoder.TextEncoderStage;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class TextEncoderStageTest {

    private final TextEncoderStage stage = new TextEncoderStage(List.of(TINY), EXACT, 8);
    private final RecordingOutbox outbox = new RecordingOutbox();

    @BeforeEach
    void open() {
        stage.open();
    }

    @AfterEach
    void close() {
        stage.close();
    }

    @Test
    void whatWaitsSharesOneForward() {
        stage.admit(work(task("a", generation("a red apple"))), outbox);
        stage.admit(work(task("b", generation("a blue house at night"))), outbox);
        stage.admit(work(task("c", generation("a red apple"))), outbox);
        assertThat(turnAll(stage, outbox)).containsExactly(3); // one turn of three samples
        assertThat(outbox.handedOn).containsOnlyKeys("a/0", "b/0", "c/0");
    }

    @Test
    void aPromptsStatesDoNotDependOnWhoSharesItsForward() {
        stage.admit(work(task("a", generation("a red apple"))), outbox);
        stage.admit(work(task("b", generation("a very long prompt of many more words than the other one"))), outbox);
        turnAll(stage, outbox);
        try (TextEncoder alone = TINY.textEncoder(EXACT)) {
            Tensor context = outbox.handedOn.get("a/0").get("cond/encoder_hidden_states");
            float[] expected = alone.states(List.of("a red apple"))
                    .get(0)
                    .get("encoder_hidden_states")
                    .values();
            assertThat(context.shape()).containsExactly(expected.length / 32, 32);
            assertThat(context.toFloats()).containsExactly(expected, within(1e-5f));
        }
    }

    /** As for a network that takes the guidance scale itself. */
    @Test
    void aNegativePromptThatNoStageComparesWithIsNotEncoded() {
        var task = task("a", generation("a red apple").setNegativePrompt("word ".repeat(200)));
        task.getRouteBuilderList().forEach(stage -> stage.setRows(1));
        stage.admit(work(task), outbox);
        turnAll(stage, outbox);

        assertThat(outbox.handedOn.get("a/0")).containsOnlyKeys("cond/encoder_hidden_states");
        assertThat(outbox.calls).contains("0 remembered, 1 not");
    }

    @Test
    void whatIsRememberedIsWhatWasEncoded() {
        stage.admit(work(task("a", generation("a red apple"))), outbox);
        turnAll(stage, outbox);
        stage.admit(work(task("b", generation("a red apple"))), outbox);
        turnAll(stage, outbox);
        for (String context : List.of("cond/encoder_hidden_states", "uncond/encoder_hidden_states")) {
            assertThat(outbox.handedOn.get("b/0").get(context).toFloats())
                    .containsExactly(outbox.handedOn.get("a/0").get(context).toFloats());
        }
    }

    @Test
    void whatOneNodeEncodedAnotherFindsInTheClustersMemory() {
        Vertx vertx = Vertx.vertx();
        var memory = new LocalMemory(vertx).map(MemoryArea.TEXT_STATES);
        var shared = Optional.of(new StatesMemory(vertx, memory, new SimpleMeterRegistry()));
        Stage first = new TextEncoderStage(List.of(TINY), EXACT, 8, shared);
        Stage second = new TextEncoderStage(List.of(TINY), EXACT, 8, shared);
        try {
            first.open();
            second.open();
            first.admit(work(task("a", generation("a red apple"))), outbox);
            turnAll(first, outbox);
            await().until(() -> memory.keys()
                            .toCompletionStage()
                            .toCompletableFuture()
                            .join()
                            .size()
                    == 2);
            Work work = work(task("b", generation("a red apple")));
            second.prepare(work).toCompletableFuture().join();
            second.admit(work, outbox);
            turnAll(second, outbox);
            assertThat(outbox.calls).contains("2 remembered, 0 not");
            assertThat(outbox.handedOn
                            .get("b/0")
                            .get("cond/encoder_hidden_states")
                            .toFloats())
                    .containsExactly(outbox.handedOn
                            .get("a/0")
                            .get("cond/encoder_hidden_states")
                            .toFloats());
        } finally {
            first.close();
            second.close();
            vertx.close();
        }
    }

    @Test
    void whereTheMemoryDoesNotAnswerAPromptIsEncoded() {
        Vertx vertx = Vertx.vertx();
        MemoryMap silent = (MemoryMap) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {MemoryMap.class},
                (proxy, method, arguments) -> Future.failedFuture(new MemoryException("no answer", false, null)));
        var memory = new StatesMemory(vertx, silent, new SimpleMeterRegistry());
        Stage alone = new TextEncoderStage(List.of(TINY), EXACT, 8, Optional.of(memory));
        try {
            alone.open();
            Work work = work(task("a", generation("a red apple")));
            alone.prepare(work).toCompletableFuture().join();
            alone.admit(work, outbox);
            turnAll(alone, outbox);
            assertThat(outbox.calls).contains("1 remembered, 1 not");
            assertThat(outbox.handedOn).containsOnlyKeys("a/0");
        } finally {
            alone.close();
            vertx.close();
        }
    }

    @Test
    void aPromptThatIsCutIsWarnedOfWithThePartThatIsNotUsed() {
        String tooLong = "red ".repeat(22) + "green house";
        for (String job : List.of("encoded", "remembered")) {
            stage.admit(work(task(job, generation(tooLong))), outbox);
            turnAll(stage, outbox);
            assertThat(outbox.warnings.get(job + "/0")).singleElement().satisfies(warning -> {
                assertThat(warning.getCode()).isEqualTo("prompt_truncated");
                assertThat(warning.getParam()).isEqualTo("prompt");
                assertThat(warning.getMessage()).contains("24 tokens").endsWith("not used: green house");
            });
        }
    }

    @Test
    void aNegativePromptIsWarnedOfOnlyWhereItIsUsed() {
        var generation = generation("a red apple").setNegativePrompt("red ".repeat(400));
        stage.admit(work(task("guided", generation)), outbox);
        stage.admit(work(task("free", generation.clone().setGuidanceScale(1))), outbox);
        stage.admit(work(task("short", generation("red ".repeat(22)))), outbox);
        turnAll(stage, outbox);
        assertThat(outbox.warnings).containsOnlyKeys("guided/0");
        assertThat(outbox.warnings.get("guided/0")).singleElement().satisfies(warning -> {
            assertThat(warning.getParam()).isEqualTo("negative_prompt");
            assertThat(warning.getMessage())
                    .contains("negative prompt")
                    .endsWith("red…")
                    .hasSizeLessThan(400);
        });
    }

    @Test
    void theWarningOfAPromptIsFoundInTheClustersMemoryToo() {
        Vertx vertx = Vertx.vertx();
        var memory = new LocalMemory(vertx).map(MemoryArea.TEXT_STATES);
        var shared = Optional.of(new StatesMemory(vertx, memory, new SimpleMeterRegistry()));
        Stage first = new TextEncoderStage(List.of(TINY), EXACT, 8, shared);
        Stage second = new TextEncoderStage(List.of(TINY), EXACT, 8, shared);
        var generation = generation("red ".repeat(23)).setGuidanceScale(1);
        try {
            first.open();
            second.open();
            first.admit(work(task("a", generation)), outbox);
            turnAll(first, outbox);
            await().until(() -> memory.keys()
                            .toCompletionStage()
                            .toCompletableFuture()
                            .join()
                            .size()
                    == 2);
            Work work = work(task("b", generation));
            second.prepare(work).toCompletableFuture().join();
            second.admit(work, outbox);
            turnAll(second, outbox);
            assertThat(outbox.calls).contains("1 remembered, 0 not");
            assertThat(outbox.warnings.get("b/0")).isEqualTo(outbox.warnings.get("a/0"));
        } finally {
            first.close();
            second.close();
            vertx.close();
        }
    }

    @Test
    void onlyAGuidedSampleHasANegativeContext() {
        stage.admit(work(task("a", generation("a red apple"))), outbox);
        stage.admit(work(task("b", generation("a red apple").setGuidanceScale(1))), outbox);
        turnAll(stage, outbox);
        assertThat(outbox.handedOn.get("a/0"))
                .containsOnlyKeys("cond/encoder_hidden_states", "uncond/encoder_hidden_states");
        assertThat(outbox.handedOn.get("b/0")).containsOnlyKeys("cond/encoder_hidden_states");
    }

    /** The tiny model's text encoder reads 24 tokens. */
    @Test
    void aPromptIsReadByTheRulesOfTheToolThatItNames() {
        stage.admit(work(task("plain", generation("a (red:1.4) apple"))), outbox);
        stage.admit(work(task("web", generation("a (red:1.4) apple").setPromptSyntax("a1111"))), outbox);
        stage.admit(work(task("comfy", generation("a (red:1.4) apple").setPromptSyntax("comfyui"))), outbox);
        stage.admit(work(task("long", generation("red ".repeat(30)).setPromptSyntax("a1111"))), outbox);
        turnAll(stage, outbox);
        stage.admit(work(task("again", generation("a (red:1.4) apple").setPromptSyntax("a1111"))), outbox);
        turnAll(stage, outbox);
        float[] web = states("web");
        assertThat(states("plain")).isNotEqualTo(web);
        assertThat(states("comfy")).hasSameSizeAs(web).isNotEqualTo(web);
        assertThat(states("again")).isEqualTo(web);
        assertThat(outbox.calls).contains("2 remembered, 0 not");
        assertThat(states("long")).hasSize((30 + 4) * 32);
        assertThat(outbox.warnings).isEmpty();
    }

    @Test
    void everyTextOfAPromptThatChangesIsHandedOn() {
        var generation =
                generation("[a red apple:a blue house:0.5] AND a hill:0.7").setNegativePrompt("[dark|dull]");
        stage.admit(work(task("a", generation.setPromptSyntax("a1111"))), outbox);
        stage.admit(work(task("b", generation.clone().setPrompt("a AND ".repeat(9)))), outbox);
        turnAll(stage, outbox);
        assertThat(outbox.handedOn.get("a/0"))
                .containsOnlyKeys(
                        "cond/encoder_hidden_states",
                        "cond/1/encoder_hidden_states",
                        "cond/2/encoder_hidden_states",
                        "uncond/encoder_hidden_states",
                        "uncond/1/encoder_hidden_states");
        assertThat(outbox.failures.get("b/0").code()).isEqualTo("invalid_prompt");
    }

    /** Of the tiny model, a chunk has 22 words. */
    @Test
    void theTextsOfBothPromptsTogetherAreBounded() {
        String tail = "red ".repeat(44);
        stage.admit(
                work(task(
                        "most",
                        changing(30, tail).setNegativePrompt(changing(30, "").getPrompt()))),
                outbox);
        stage.admit(
                work(task(
                        "both",
                        changing(30, tail).setNegativePrompt(changing(30, tail).getPrompt()))),
                outbox);
        stage.admit(work(task("one", changing(1, "red ".repeat(22 * 128)))), outbox);
        assertThat(outbox.failures).containsOnlyKeys("both/0", "one/0");
        assertThat(outbox.failures.get("both/0").code()).isEqualTo("invalid_prompt");
        assertThat(outbox.failures.get("both/0").message())
                .contains("the prompt and the negative prompt have 60 texts with 180 chunks", "at most 128");
        assertThat(outbox.failures.get("both/0").retryable()).isFalse();
        turnAll(stage, outbox);
        assertThat(outbox.handedOn).containsOnlyKeys("most/0");
    }

    /** Equal prompts share rows, also where they are too long for others to join. */
    @Test
    void aTurnIsBoundedByTheRowsOfItsPrompts() {
        stage.admit(work(task("short", generation("a red apple"))), outbox);
        stage.admit(work(task("long", changing(20, "red ".repeat(66)))), outbox);
        stage.admit(work(task("same", changing(20, "red ".repeat(66)))), outbox);
        stage.admit(work(task("other", generation("a blue house"))), outbox);
        assertThat(turnAll(stage, outbox)).containsExactly(1, 2, 1);
        assertThat(outbox.handedOn).hasSize(4);
        for (String name : outbox.handedOn.get("long/0").keySet()) {
            assertThat(outbox.handedOn.get("same/0").get(name))
                    .isSameAs(outbox.handedOn.get("long/0").get(name));
        }
    }

    /** A prompt that alternates between so many texts, all of them with the tail. */
    private static Generation.Builder changing(int texts, String tail) {
        String choices = IntStream.range(0, texts).mapToObj(i -> "w" + i).collect(joining("|"));
        return generation("[" + choices + "]" + tail).setSteps(texts).setPromptSyntax("a1111");
    }

    @Test
    void conditioningsOfComfyuiAreTexts() {
        Generation.Builder combined =
                generation("shown").setPromptSyntax("comfyui").setNegativePrompt("dark");
        Conditioning apple = Conditioning.newBuilder().setText("a red apple").build();
        combined.addConditionings(apple)
                .addConditionings(Conditioning.newBuilder()
                        .setSequence(Conditioning.Sequence.newBuilder()
                                .addParts(apple)
                                .addParts(Conditioning.newBuilder().setText("a blue house"))));
        stage.admit(work(task("combined", combined)), outbox);
        stage.admit(work(task("marked", generation("a\3b").setPromptSyntax("comfyui"))), outbox);
        turnAll(stage, outbox);
        var given = outbox.handedOn.get("combined/0");
        assertThat(given)
                .containsOnlyKeys(
                        "cond/encoder_hidden_states", "cond/1/encoder_hidden_states", "uncond/encoder_hidden_states");
        assertThat(given.get("cond/1/encoder_hidden_states").toFloats())
                .as("it begins with the states of the first text")
                .startsWith(states("combined"));
        assertThat(outbox.failures.get("marked/0").message()).contains("U+0003");
    }

    @Test
    void compelFillsTheShorterOfTwoPrompts() {
        stage.admit(
                work(task("a", generation("(\"a red apple\", \"a hill\").and()").setPromptSyntax("compel"))), outbox);
        turnAll(stage, outbox);
        var given = outbox.handedOn.get("a/0");
        assertThat(given.get("uncond/encoder_hidden_states").shape())
                .isEqualTo(given.get("cond/encoder_hidden_states").shape());
    }

    @Test
    void aTaskWithAnEmbeddingThatIsNotHereGoesToAnotherNode() {
        var generation = generation("a toy");
        generation.addEmbeddingsBuilder().setName("toy").setFingerprint("abc");
        stage.admit(work(task("a", generation)), outbox);
        turnAll(stage, outbox);
        assertThat(outbox.failures.get("a/0").message()).contains("\"toy\" is not here");
        assertThat(outbox.failures.get("a/0").retryable()).isTrue();
    }

    @Test
    void aPromptThatCannotBeReadFailsAlone() {
        stage.admit(work(task("a", generation("a cat.swap(dog)").setPromptSyntax("compel"))), outbox);
        stage.admit(work(task("b", generation("a cat.swap(dog)"))), outbox);
        turnAll(stage, outbox);
        assertThat(outbox.failures.get("a/0").code()).isEqualTo("invalid_prompt");
        assertThat(outbox.handedOn).containsOnlyKeys("b/0");
    }

    private float[] states(String job) {
        return outbox.handedOn.get(job + "/0").get("cond/encoder_hidden_states").toFloats();
    }

    @Test
    void aDroppedSampleLeavesNothing() {
        stage.admit(work(task("a", generation("a red apple"))), outbox);
        stage.drop(new SampleKey("a", 0));
        stage.drop(new SampleKey("never there", 3));
        assertThat(turnAll(stage, outbox)).isEmpty();
        assertThat(outbox.calls).isEmpty();
    }
}
