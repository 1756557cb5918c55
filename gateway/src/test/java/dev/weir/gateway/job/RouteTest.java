package dev.weir.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.TestCards;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.Workflow;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The stages of images, as their model's card and their request say. */
final class RouteTest {

    private static final int DENOISER = 1;

    @Test
    void aGuidedStageHasTwoRowsUnlessItsNetworkTakesTheGuidanceScale() {
        Workflow workflow = TestCards.textToImage(32, 64, 8, 64);
        Workflow.Builder embedding = workflow.toBuilder();
        embedding.getStagesBuilder(DENOISER).setEmbedsGuidance(true);

        assertThat(rows(workflow, 4)).isEqualTo(2);
        assertThat(rows(workflow, 1)).isEqualTo(1);
        assertThat(rows(embedding.build(), 4)).isEqualTo(1);
    }

    @Test
    void aStageThatEditsAPictureHasThreeRowsUnlessAScaleIsTooSmallForGuidance() {
        Workflow.Builder editing = TestCards.textToImage(32, 64, 8, 64).toBuilder();
        editing.getStagesBuilder(DENOISER).setGuidedRows(3);
        Generation.Builder generation =
                Generation.newBuilder().setGuidanceScale(4).setImageGuidanceScale(1.5f);

        assertThat(rows(editing.build(), generation)).isEqualTo(3);
        assertThat(rows(editing.build(), generation.setImageGuidanceScale(1))).isEqualTo(3);
        assertThat(rows(editing.build(), generation.setImageGuidanceScale(0.9f)))
                .isEqualTo(1);
        assertThat(rows(editing.build(), 1)).isEqualTo(1);
    }

    /** By these the page tells how long an image takes. */
    @Test
    void onlyStagesThatSampleAsTheRequestSaysHaveNoFixedCalls() {
        Workflow.Builder workflow = TestCards.textToImage(32, 64, 8, 64).toBuilder();
        assertThat(fixed(workflow)).containsExactly(OptionalInt.of(1), OptionalInt.empty(), OptionalInt.of(1));

        workflow.getStagesBuilder(DENOISER).setOwnSteps(7).setOwnForwards(13);
        assertThat(fixed(workflow).get(DENOISER)).hasValue(13);
        workflow.getStagesBuilder(DENOISER).setOwnSteps(0).setTakesOver(true);
        assertThat(fixed(workflow).get(DENOISER)).hasValue(0);
        workflow.getStagesBuilder(DENOISER).setTakesOver(false).setPriorSampler(Sampler.getDefaultInstance());
        workflow.addFields(Field.newBuilder().setName("prior_steps").setUsual(20));
        assertThat(fixed(workflow).get(DENOISER)).hasValue(20);
    }

    private static List<OptionalInt> fixed(Workflow.Builder workflow) {
        return workflow.getStagesList().stream()
                .map(stage -> Route.fixedForwards(workflow.build(), stage))
                .toList();
    }

    @Test
    void eachPartOfAComposedPromptHasARow() {
        Workflow workflow = TestCards.textToImage(32, 64, 8, 64);
        Generation.Builder generation = Generation.newBuilder()
                .setGuidanceScale(4)
                .setPrompt("a cat AND a dog AND a BAND")
                .setPromptSyntax("a1111");
        assertThat(rows(workflow, generation)).isEqualTo(4);
        assertThat(rows(workflow, generation.clone().setPromptSyntax(""))).isEqualTo(2);
        assertThat(rows(workflow, generation.setGuidanceScale(1))).isEqualTo(1);
    }

    /** The scales of some models count from the prompt's output on. */
    @Test
    void aScaleOfOneIsNoneOnlyWhereItCountsFromTheNegativePrompt() {
        Workflow workflow = TestCards.textToImage(32, 64, 8, 64);
        Workflow.Builder other = workflow.toBuilder();
        other.getStagesBuilder(DENOISER).setGuidesFromPrompt(true);
        assertThat(rows(workflow, 1)).isEqualTo(1);
        assertThat(rows(workflow, 1.5f)).isEqualTo(2);
        assertThat(rows(other.build(), 0)).isEqualTo(1);
        assertThat(rows(other.build(), 0.5f)).isEqualTo(2);
    }

    @Test
    void theGuidedCallsAreThoseOfTheInterval() {
        Workflow workflow = TestCards.textToImage(32, 64, 8, 64);
        Generation.Builder generation = Generation.newBuilder().setGuidanceScale(4);
        assertThat(stage(workflow, generation).hasGuided()).as("in all calls").isFalse();

        Stage stage = stage(workflow, generation.setGuidanceStart(0.25).setGuidanceEnd(0.8));
        assertThat(stage.getGuided().getStart()).isEqualTo(1);
        assertThat(stage.getGuided().getEnd()).isEqualTo(3);
        assertThat(stage.getRows()).isEqualTo(2);
        assertThat(IntStream.rangeClosed(0, 4).map(done -> GuidedCalls.left(stage, done)))
                .containsExactly(2, 2, 1, 0, 0);
    }

    private static int rows(Workflow workflow, float guidanceScale) {
        return rows(workflow, Generation.newBuilder().setGuidanceScale(guidanceScale));
    }

    private static int rows(Workflow workflow, Generation.Builder generation) {
        return stage(workflow, generation).getRows();
    }

    private static Stage stage(Workflow workflow, Generation.Builder generation) {
        List<Stage> stages = Route.stages(
                ModelCard.newBuilder().addWorkflows(workflow).build(),
                workflow,
                generation.setSteps(4).setWidth(64).setHeight(64).build());
        return stages.get(DENOISER);
    }
}
