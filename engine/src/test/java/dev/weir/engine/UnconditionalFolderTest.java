package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.pipeline.Field;
import dev.weir.engine.pipeline.Role;
import dev.weir.engine.pipeline.StageSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders of models without text: what they say of themselves, and which of them are refused. */
class UnconditionalFolderTest {

    private static final String UNET = "unet/config.json";

    @TempDir
    private Path temporary;

    @ParameterizedTest
    @CsvSource({
        "ddpm, 3, 8, 1000, ddpm",
        "grey, 1, 8, 1000, ddpm",
        "ddim, 3, 8, 50, ddim",
        "pndm, 3, 8, 50, pndm_prk",
        "consistency, 3, 8, 1, consistency",
        "score, 3, 8, 2000, score_sde_ve",
        "ldm, 3, 16, 50, ddim"
    })
    void theDefaultsAreThoseOfTheirPipelines(String name, int channels, int side, int steps, String sampler) {
        var folder = ModelFolder.open(ReferenceFile.path("pixel/" + name));

        assertThat(folder.card().latentChannels()).isEqualTo(channels);
        assertThat(folder.card().nativeSize()).isEqualTo(side);
        assertThat(folder.card().defaults().steps()).isEqualTo(steps);
        assertThat(folder.card().defaults().sampler()).isEqualTo(sampler);
        assertThat(folder.pipeline().workflows()).singleElement().satisfies(workflow -> assertThat(workflow.stages())
                .extracting(StageSpec::role)
                .containsExactly(Role.DIFFUSE, Role.DECODE));
        assertThat(ModelReport.inspect(ReferenceFile.path("pixel/" + name)).runs())
                .isTrue();
        assertThat(folder.latentPreview().isPresent()).as("pixels are previews").isEqualTo(!name.equals("ldm"));
    }

    @Test
    void requestsMayHaveAClassWhereTheNetworkTakesOne() {
        assertThat(fields("ddpm")).isEmpty();
        assertThat(fields("classes")).containsExactly(new Field("class_label", true, 0, 9, OptionalDouble.empty()));
    }

    private static List<Field> fields(String name) {
        return ModelFolder.open(ReferenceFile.path("pixel/" + name))
                .pipeline()
                .workflows()
                .get(0)
                .fields();
    }

    @Test
    void aFolderThatHasEverythingInOnePlaceIsTheSameModel() throws IOException {
        Path model = copy("ddpm");
        for (String file :
                List.of(UNET, "unet/diffusion_pytorch_model.safetensors", "scheduler/scheduler_config.json")) {
            Path part = model.resolve(file);
            Files.move(part, model.resolve(part.getFileName()));
        }
        Files.delete(model.resolve("unet"));
        Files.delete(model.resolve("scheduler"));

        var flat = ModelFolder.open(model);
        assertThat(ModelReport.inspect(model).runs()).isTrue();
        assertThat(flat.fingerprints())
                .isNotEmpty()
                .isEqualTo(ModelFolder.open(ReferenceFile.path("pixel/ddpm")).fingerprints());
        try (Denoiser network = flat.denoiser(new ComputeTarget("cpu", Precision.FP32))) {
            assertThat(network.inChannels()).isEqualTo(3);
        }
    }

    @Test
    void pipelinesOfOneSamplerMakeTheirSchedulerOfAnyOther() throws IOException {
        Path model = copy("ddim");
        TestModels.setComponent(model, "DDIMPipeline", "scheduler", "DDPMScheduler");
        TestModels.edit(model.resolve("scheduler/scheduler_config.json"), "DDIMScheduler", "DDPMScheduler");
        assertThat(ModelFolder.open(model).card().defaults().sampler()).isEqualTo("ddim");
        TestModels.setComponent(model, "PNDMPipeline", "scheduler", "DDPMScheduler");
        assertThat(ModelFolder.open(model).card().defaults().sampler()).isEqualTo("pndm_prk");
        TestModels.setComponent(model, "DDPMPipeline", "scheduler", "DDPMScheduler");
        assertThat(ModelFolder.open(model).card().defaults().sampler()).isEqualTo("ddpm");
    }

    @ParameterizedTest
    @CsvSource({
        "DDPMPipeline, CMStochasticIterativeScheduler, DDPMPipeline does not run CMStochasticIterativeScheduler",
        "DDPMPipeline, ScoreSdeVeScheduler, DDPMPipeline does not run ScoreSdeVeScheduler",
        "ConsistencyModelPipeline, DDPMScheduler, 'does not run DDPMScheduler, but CMStochasticIterativeScheduler'",
        "ScoreSdeVePipeline, DDPMScheduler, 'does not run DDPMScheduler, but ScoreSdeVeScheduler'",
        "DDPMPipeline, NewScheduler, NewScheduler is not available"
    })
    void aSchedulerThatThePipelineCannotRunIsRefused(String pipeline, String scheduler, String why) throws IOException {
        Path model = copy("ddpm");
        TestModels.setComponent(model, pipeline, "scheduler", scheduler);
        assertRefused(model, why);
    }

    @ParameterizedTest
    @CsvSource({
        "ddpm, '\"in_channels\": 3', '\"in_channels\": 4', in_channels is 4",
        "ddpm, '\"out_channels\": 3', '\"out_channels\": 4', out_channels is 4",
        "ddpm, '\"sample_size\": 8', '\"sample_size\": [8, 12]', 'sample_size is not a positive whole number: [8,12]'",
        "ddpm, '\"sample_size\": 8', '\"sample_size\": 2000000000', 'sample_size is 2000000000, past 8192'",
        "ddpm, '\"sample_size\": 8', '\"sample_size\": 60000', 'sample_size is 60000, past 8192'",
        "ddpm, '\"act_fn\": \"silu\"', '\"act_fn\": \"silu\", \"new_option\": true', new_option",
        "ldm, '\"in_channels\": 3', '\"in_channels\": 4', 'in_channels is 4, which does not fit 3'",
        "classes, '\"class_embed_type\": null', '\"class_embed_type\": \"identity\"', 'takes class_labels of [32]'"
    })
    void anOptionThatIsNotRunIsRefusedByItsName(String name, String was, String becomes, String why)
            throws IOException {
        Path model = copy(name);
        TestModels.edit(model.resolve(UNET), was, becomes);
        assertRefused(model, why);
    }

    @Test
    void aNetworkWithTextAndAPartTooManyAreRefused() throws IOException {
        Path model = copy("ddpm");
        TestModels.setComponent(model, "DDPMPipeline", "text_encoder", "CLIPTextModel");
        assertRefused(model, "text_encoder");

        Path other = copy("grey");
        Files.copy(
                TestModels.checkpoint("sd1").resolve(UNET), other.resolve(UNET), StandardCopyOption.REPLACE_EXISTING);
        TestModels.setComponent(other, "DDPMPipeline", "unet", "UNet2DConditionModel");
        assertRefused(other, "takes encoder_hidden_states");
    }

    private static void assertRefused(Path model, String why) {
        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(why);
        assertThat(ModelReport.inspect(model).problem())
                .hasValueSatisfying(problem -> assertThat(problem).contains(why));
    }

    private Path copy(String name) {
        Path source = ReferenceFile.path("pixel/" + name);
        Path target = temporary.resolve(name);
        try (Stream<Path> files = Files.walk(source)) {
            files.forEach(file -> {
                try {
                    Files.copy(file, target.resolve(source.relativize(file).toString()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return target;
    }
}
