package dev.weir.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.TestCards;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.Workflow;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The steps of runs that begin with a picture. */
final class StrengthTest {

    private static final int DENOISER = 1;
    private static final Sampler DDIM = Sampler.newBuilder()
            .setName("ddim")
            .setCallsPerStep(1)
            .setMostSteps(1000)
            .build();
    private static final Sampler LCM = Sampler.newBuilder()
            .setName("lcm")
            .setCallsPerStep(1)
            .setMostSteps(50)
            .setLaysOutStrength(true)
            .build();

    private final Workflow plain = TestCards.textToImage(32, 64, 8, 64);

    @Test
    void aRunLeavesOutTheFirstSteps() {
        Strength strength = Strength.of(0.58, plain, LCM);

        assertThat(strength.laidOut()).as("the workflow does not ask for it").isFalse();
        assertThat(strength.of(50)).as("as Python counts").isEqualTo(28);
        assertThat(strength.of(1)).isZero();
        assertThat(strength.problem(1)).isEqualTo("leaves no step of 1");
    }

    @Test
    void aScheduleThatIsLaidOutForTheStrengthHasAllSteps() {
        Strength strength = Strength.of(0.5, layingOut(), LCM);

        assertThat(strength.of(4)).isEqualTo(4);
        assertThat(strength.of(25)).isEqualTo(25);
        assertThat(strength.of(26)).isZero();
        assertThat(strength.problem(26)).isEqualTo("leaves 25 steps of the model's schedule, fewer than 26");
    }

    @Test
    void aSamplerThatCannotLayOutItsScheduleLeavesOutTheFirstSteps() {
        assertThat(Strength.of(0.5, layingOut(), DDIM).of(4)).isEqualTo(2);
    }

    /** As diffusers' pipelines of Stable Diffusion 3 and Flux.1 count. */
    @Test
    void aStepThatTheStrengthCoversInPartIsDoneWhereTheWorkflowSaysSo() {
        Workflow.Builder flow = plain.toBuilder();
        flow.getStagesBuilder(DENOISER).setCountsPartialStep(true);

        Strength strength = Strength.of(0.6, flow.build(), DDIM);
        assertThat(strength.of(7)).isEqualTo(5);
        assertThat(strength.of(5)).isEqualTo(3);
        assertThat(Strength.of(1, flow.build(), DDIM).of(4)).isEqualTo(4);
        assertThat(Strength.of(0.1, flow.build(), DDIM).of(4)).isOne();
        assertThat(Strength.of(0, flow.build(), DDIM).of(4)).isZero();

        Stage stage = denoiser(flow.build(), "ddim", 0.6);
        assertThat(stage.getForwards()).isEqualTo(3);
        assertThat(stage.getSampling().getCountsPartialStep()).isTrue();
    }

    @Test
    void theStageIsToldAndItsCallsAreCounted() {
        Stage laidOut = denoiser(layingOut(), "lcm", 0.5);
        assertThat(laidOut.getForwards()).isEqualTo(4);
        assertThat(laidOut.getSampling().getLaysOutStrength()).isTrue();

        Stage cut = denoiser(layingOut(), "ddim", 0.5);
        assertThat(cut.getForwards()).isEqualTo(2);
        assertThat(cut.getSampling().getLaysOutStrength()).isFalse();
    }

    private Workflow layingOut() {
        Workflow.Builder workflow = plain.toBuilder();
        workflow.getStagesBuilder(DENOISER).setLaysOutStrength(true);
        return workflow.build();
    }

    private static Stage denoiser(Workflow workflow, String sampler, double strength) {
        ModelCard card = ModelCard.newBuilder()
                .addWorkflows(workflow)
                .addAllSamplers(List.of(DDIM, LCM))
                .build();
        Generation generation = Generation.newBuilder()
                .setSteps(4)
                .setSampler(sampler)
                .setStrength(strength)
                .setWidth(64)
                .setHeight(64)
                .build();
        return Route.stages(card, workflow, generation).get(DENOISER);
    }
}
