package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.generation;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ModelFolder;
import dev.weir.gateway.job.Route;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import dev.weir.serving.Cards;
import dev.weir.tests.PoisonedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node says of a model, and the stages that a gateway makes of it. */
final class CardsTest {

    @TempDir
    Path model;

    /** PNDM calls the network once more than it has steps. */
    @Test
    void anUpsamplersForwardsAreTheCallsOfItsOwnSampler() throws IOException {
        PoisonedModel.copy(model);
        Path scheduler = model.resolve("upsampler/scheduler/scheduler_config.json");
        Files.writeString(
                scheduler,
                """
                {"_class_name": "PNDMScheduler", "skip_prk_steps": true, "prediction_type": "v_prediction"}
                """);
        ModelCard card = Cards.toProto(ModelFolder.open(model));

        var stage = Route.stages(
                        card, card.getWorkflows(1), generation("a red apple").build())
                .get(2);

        assertThat(stage.getSampling().getSteps()).isEqualTo(8);
        assertThat(stage.getForwards()).isEqualTo(9);
    }

    @Test
    void aCardSaysTheStepsOfEachSampler() {
        ModelCard card = Cards.toProto(Tasks.TINY);

        assertThat(card.getSamplersList()).extracting(Sampler::getLeastSteps).allMatch(least -> least >= 1);
        assertThat(Route.sampler(card, "lcm").orElseThrow().getMostSteps()).isEqualTo(50);
        assertThat(Route.sampler(card, "ddim").orElseThrow().getMostSteps()).isEqualTo(1000);
    }
}
