package dev.weir.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.RefusedFile;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** LoRAs in the list of a request and in its prompt. */
final class LoraReaderTest {

    private static final ModelCard CARD = ModelCard.newBuilder()
            .setId("sd")
            .addLoras(lora("both", "encode", "denoise"))
            .addLoras(lora("unet", "denoise"))
            .addRefusedLoras(RefusedFile.newBuilder()
                    .setName("xl")
                    .setProblem("made for another kind of model: it has 3 layers"))
            .addWorkflows(Workflow.newBuilder()
                    .addStages(stage("encode", StageKind.TEXT_ENCODER))
                    .addStages(stage("denoise", StageKind.DENOISER)))
            .build();

    private static Lora lora(String name, String... stages) {
        return Lora.newBuilder()
                .setName(name)
                .setFingerprint(name + "0")
                .addAllStages(List.of(stages))
                .build();
    }

    private static WorkflowStage stage(String name, StageKind node) {
        return WorkflowStage.newBuilder().setName(name).setNode(node).build();
    }

    private static Generation read(String syntax, String prompt, JsonObject... loras) {
        Generation.Builder generation =
                Generation.newBuilder().setPrompt(prompt).setPromptSyntax(syntax);
        JsonObject body = new JsonObject().put("loras", new JsonArray(List.of((Object[]) loras)));
        LoraReader.read(Fields.parse(body.toBuffer().getBytes()), CARD, generation);
        return generation.build();
    }

    private static JsonObject named(String name, double weight) {
        return new JsonObject().put("name", name).put("weight", weight);
    }

    private static String shown(Generation generation) {
        return generation.getLorasList().stream()
                .map(lora -> lora.getName() + ":" + lora.getWeight() + lora.getStagesList())
                .collect(Collectors.joining(" "));
    }

    @Test
    void thePromptsAreAddedToTheRequestsAndTheirTagsRemoved() {
        Generation both = read("a1111", "an apple <lora:both:0.5>", named("both", 0.25), named("unet", -1));
        assertThat(both.getPrompt()).isEqualTo("an apple ");
        assertThat(shown(both)).isEqualTo("both:0.75[encode, denoise] unet:-1.0[denoise]");
    }

    @Test
    void twoWeightsAreTwoEntriesForTheStagesThatTheFileChanges() {
        assertThat(shown(read("a1111", "<lora:both:0.5:1><lora:unet:0.5:2>")))
                .isEqualTo("both:0.5[encode] both:1.0[denoise] unet:2.0[denoise]");
    }

    @Test
    void aRequestMayHaveAnotherWeightForTheTextEncoders() {
        JsonObject both = named("both", 1).put("text_weight", 0.5);
        assertThat(shown(read("", "an apple", both))).isEqualTo("both:0.5[encode] both:1.0[denoise]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "comfyui", "compel"})
    void otherSyntaxesHaveNoTags(String syntax) {
        Generation read = read(syntax, "an apple <lora:both:0.5>");
        assertThat(read.getPrompt()).isEqualTo("an apple <lora:both:0.5>");
        assertThat(read.getLorasList()).isEmpty();
    }

    private static void refused(String prompt, String code, String message) {
        assertThatExceptionOfType(ApiException.class)
                .isThrownBy(() -> read("a1111", prompt))
                .satisfies(problem -> {
                    assertThat(problem.error().code()).isEqualTo(code);
                    assertThat(problem.error().param()).isEqualTo("prompt");
                    assertThat(problem.error().message()).isEqualTo("prompt " + message);
                });
    }

    @Test
    void whatAPromptNamesWronglyIsRefusedAtThePrompt() {
        refused(
                "<lora:../../both>",
                "unknown_lora",
                "\"../../both\" is no LoRA that a node has for the model sd; there are both, unet");
        refused(
                "<lora:xl:1>",
                "unsuitable_lora",
                "\"xl\" does not fit the model sd: made for another kind of model: it has 3 layers");
        refused("<lora:both:x>", "invalid_prompt", "has <lora:both:x>: \"x\" is not a number");
        refused("<lora:both:0:11>", "out_of_range", "gives the LoRA \"both\" a weight that is not from -10.0 to 10.0");
        refused("<lora:both:NaN>", "out_of_range", "gives the LoRA \"both\" a weight that is not from -10.0 to 10.0");
        String many = IntStream.range(0, 9).mapToObj(i -> "<lora:n" + i + ">").collect(Collectors.joining());
        refused(many, "unknown_lora", "\"n0\" is no LoRA that a node has for the model sd; there are both, unet");
    }
}
