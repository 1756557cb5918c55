package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.turnAll;
import static dev.weir.tests.stages.Tasks.work;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.decoder.DecoderStage;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ModelFolder;
import dev.weir.gateway.job.Route;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.Cards;
import dev.weir.serving.SteppingStage;
import dev.weir.tests.BesideModels;
import dev.weir.textencoder.TextEncoderStage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The stages of networks that see a picture beside their sample: a run continues anywhere, and its picture has the right size. */
final class BesideStagesTest {

    private static final SteppingStage.Limits LIMITS = new SteppingStage.Limits(8, 16, Duration.ZERO);
    private static final String SAMPLE = "a/0";

    private final RecordingOutbox outbox = new RecordingOutbox();
    private final List<Stage> stages = new ArrayList<>();

    @TempDir
    Path temporary;

    @AfterEach
    void close() {
        stages.forEach(Stage::close);
    }

    @ParameterizedTest
    @CsvSource({
        "depth, euler_ancestral, 28, 20, image/depth",
        "upscale-x4, ddim, 112, 80, image/pixels",
        "upscale-latent, euler, 56, 40, image/mean"
    })
    void aRunContinuesFromAnyStep(String name, String sampler, int width, int height, String seen) throws IOException {
        List<ModelFolder> model = List.of(ModelFolder.open(BesideModels.in(temporary, name)));
        Task.Builder task = task(model.get(0), sampler, width, height);
        List<Tensor> given = new ArrayList<>(handedOn(new TextEncoderStage(model, EXACT, 8), task, 0));
        Stage decoder = opened(new DecoderStage(model, EXACT, 8));
        List<Tensor> sight = handedOn(decoder, task, 1, file("init_image", "small.png"), file("depth_map", "map.png"));
        assertThat(sight).extracting(Tensor::name).contains(seen);
        given.addAll(sight);

        Stage denoiser = opened(DenoiserStage.create(model, EXACT, LIMITS));
        float[] undisturbed = handedOn(denoiser, task, 2, array(given)).get(0).toFloats();
        List<Snapshot> checkpoints = List.copyOf(outbox.checkpoints.get(SAMPLE));
        assertThat(checkpoints).hasSize(task.getRoute(2).getForwards());
        for (Snapshot from : checkpoints.subList(0, checkpoints.size() - 1)) {
            assertThat(from.tensors()).noneMatch(tensor -> tensor.name().contains("image/"));
            List<Tensor> again = new ArrayList<>(given);
            again.addAll(from.tensors());
            List<Tensor> resumed = handedOn(denoiser, task.clone().setResume(from.checkpoint()), 2, array(again));
            assertThat(resumed.get(0).toFloats()).containsExactly(undisturbed);
        }
    }

    private static Task.Builder task(ModelFolder model, String sampler, int width, int height) {
        ModelCard card = Cards.toProto(model);
        Generation.Builder generation = Generation.newBuilder()
                .setPrompt("a red apple")
                .setSeed(7)
                .setSteps(4)
                .setGuidanceScale(4)
                .setSampler(sampler)
                .setWidth(width)
                .setHeight(height)
                .setOutputFormat("png")
                .setNoiseLevel(20);
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId("a").setAttempt(1))
                .setModel(card.getId())
                .setGeneration(generation)
                .addAllRoute(Route.stages(card, card.getWorkflows(0), generation.build()));
    }

    private List<Tensor> handedOn(Stage stage, Task.Builder task, int position, Tensor... tensors) {
        if (!stages.contains(stage)) {
            opened(stage);
        }
        outbox.handedOn.clear();
        stage.admit(work(task.clone().setPosition(position), tensors), outbox);
        turnAll(stage, outbox);
        assertThat(outbox.failures).isEmpty();
        return List.copyOf(outbox.handedOn.get(SAMPLE).values());
    }

    private static Tensor file(String field, String name) throws IOException {
        return Tensor.ofBytes("input/" + field, Files.readAllBytes(BesideModels.HOME.resolve(name)));
    }

    private static Tensor[] array(List<Tensor> tensors) {
        return tensors.toArray(Tensor[]::new);
    }

    private Stage opened(Stage stage) {
        stage.open();
        stages.add(stage);
        return stage;
    }
}
