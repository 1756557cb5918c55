package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.SingleFiles.Entry;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.weights.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A whole model in one file makes the same pictures as the folder with the same weights. */
class SingleFileTest {

    @TempDir
    Path temporary;

    static Stream<Arguments> models() {
        return Stream.of(Engine.values())
                .flatMap(engine -> Stream.of(
                        Arguments.of(engine, "sd1", "checkpoints/sd1"),
                        Arguments.of(engine, "sd2", "checkpoints/sd2"),
                        Arguments.of(engine, "sdxl", "sdxl_refiner")));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("models")
    void thePictureIsTheFoldersToTheByte(Engine engine, String name, String folder) throws IOException {
        Path file = write(name, folder, refinerSetting(name));
        var target = new ComputeTarget("cpu", Precision.FP32, engine);

        byte[] expected =
                draw(ModelFolder.open(ReferenceFile.path(folder)), target).pixels();

        assertThat(draw(ModelFolder.open(file), target).pixels()).isEqualTo(expected);
        assertThat(ModelReport.inspect(file).runs()).isTrue();
    }

    /** The other networks of inpainting models, which are told by the file's channels. */
    @ParameterizedTest
    @CsvSource({"sd1-inpainting, checkpoints/sd1, images/unet-inpaint", "sdxl-inpainting, sdxl, images/unet-inpaint-xl"
    })
    void anInpaintingModelIsToldByItsChannels(String name, String folder, String unet) throws IOException {
        ModelFolder model = ModelFolder.open(write(name, folder, ""));
        Path parts = TestModels.copy(ReferenceFile.path(folder), temporary.resolve("folder"));
        for (String file : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
            Files.copy(
                    ReferenceFile.path(unet).resolve(file),
                    parts.resolve("unet").resolve(file),
                    StandardCopyOption.REPLACE_EXISTING);
        }

        assertThat(model.pipeline().workflows())
                .usingRecursiveComparison()
                .isEqualTo(ModelFolder.open(parts).pipeline().workflows());
        for (Engine engine : Engine.values()) {
            var target = new ComputeTarget("cpu", Precision.FP32, engine);
            // MKL's sums depend on how weights are aligned in memory.
            assertThat(answer(model, target)).containsExactly(answer(ModelFolder.open(parts), target), within(1e-5f));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "sd1, StableDiffusionPipeline, 859520964, 123060480, 0, 83653863, pndm, 512",
        "sd2, StableDiffusionPipeline, 865910724, 340387840, 0, 83653863, ddim, 768",
        "sdxl, StableDiffusionXLPipeline, 2567463684, 123060480, 694659840, 83653863, euler, 1024",
    })
    void aPublishedFileRunsWithTheConfigurationsOfItsFamily(
            String name, String pipeline, long unet, long text, long text2, long vae, String sampler, int side)
            throws IOException {
        Map<String, Entry> entries = SingleFiles.published(name);
        if (name.equals("sd2")) { // as published, with what nothing reads
            entries.put("cond_stage_model.model.text_projection", room(1024, 1024));
            entries.put("cond_stage_model.model.transformer.resblocks.23.ln_1.bias", room(1024));
            entries.put("cond_stage_model.model.logit_scale", room());
        }
        entries.put("model_ema.diffusion_modeltime_embed0weight", room(1280, 320));
        entries.put("alphas_cumprod", room(1000));
        Path file = SingleFiles.write(temporary.resolve("dream shaper.safetensors"), entries);

        ModelReport report = ModelReport.inspect(file);

        assertThat(report.problem()).isEmpty();
        assertThat(report.components()).allMatch(part -> part.problem().isEmpty());
        assertThat(report.form()).startsWith("a single file of ");
        assertThat(report.form().contains("native_size")).isEqualTo(name.equals("sd2"));
        assertThat(report.pipeline()).isEqualTo(pipeline);
        assertThat(parameters(report, "unet")).isEqualTo(unet);
        assertThat(parameters(report, "vae")).isEqualTo(vae);
        assertThat(parameters(report, "text_encoder_2")).isEqualTo(text2);
        if (!name.equals("sd2")) {
            assertThat(parameters(report, "text_encoder")).isEqualTo(text);
        }
        ModelCard card = ModelFolder.open(file).card();
        assertThat(card.id()).isEqualTo("dream shaper");
        assertThat(card.defaults().sampler()).isEqualTo(sampler);
        assertThat(card.nativeSize()).isEqualTo(side);
    }

    @Test
    void aPublishedRefinerGoesWithItsBase() throws IOException {
        Path base = SingleFiles.write(temporary.resolve("base.safetensors"), SingleFiles.published("sdxl"));
        Path refiner =
                SingleFiles.write(temporary.resolve("refiner.safetensors"), SingleFiles.published("sdxl-refiner"));
        Files.writeString(temporary.resolve("base.weir.json"), "{\"refiner\": \"refiner.safetensors\"}");

        ModelReport report = ModelReport.inspect(base);

        assertThat(report.runs()).as(report.toString()).isTrue();
        assertThat(ModelFolder.open(base).pipeline().diffusing()).hasSize(2);
        refused(refiner, "SDXL's refiner", "\"refiner\"");
        Files.writeString(temporary.resolve("base.weir.json"), "{\"refiner\": \"base.safetensors\"}");
        refused(base, "base.safetensors", "no refiner");
    }

    @Test
    void theVocabularyOfClipComesWithWeir() throws IOException {
        Path file = SingleFiles.write(temporary.resolve("m.safetensors"), SingleFiles.published("sdxl"));
        PipelineIndex index = PipelineIndex.read(ModelSources.open(file));
        try (var first = TextEncoders.tokenizer(index, "tokenizer");
                var second = TextEncoders.tokenizer(index, "tokenizer_2")) {
            long[] ids = first.encode("a photo of a cat").ids();
            assertThat(ids)
                    .startsWith(49406, 320, 1125, 539, 320, 2368, 49407, 49407)
                    .hasSize(77);
            assertThat(second.encode("a photo of a cat").ids()).startsWith(49406, 320, 1125, 539, 320, 2368, 49407, 0);
        }
    }

    private static long parameters(ModelReport report, String part) {
        return report.components().stream()
                .filter(component -> component.name().equals(part))
                .mapToLong(ModelReport.Component::parameters)
                .sum();
    }

    private static Entry room(long... shape) {
        return new Entry(WeightType.F16, shape, new byte[0]);
    }

    private String refinerSetting(String name) throws IOException {
        if (!name.equals("sdxl")) {
            return "";
        }
        SingleFiles.write(temporary.resolve("refiner.safetensors"), SingleFiles.tiny("sdxl-refiner"));
        return ", \"refiner\": \"refiner.safetensors\"";
    }

    private Path write(String name, String folder, String settings) throws IOException {
        Path file = SingleFiles.write(temporary.resolve(name + ".safetensors"), SingleFiles.tiny(name));
        SingleFiles.settings(file, folder, settings);
        return file;
    }

    private static void refused(Path file, String... said) {
        assertThatThrownBy(() -> ModelFolder.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContainingAll(said);
    }

    /** What a network of a model says about some numbers. */
    private static float[] answer(ModelFolder model, ComputeTarget target) {
        try (Denoiser network = model.denoiser(target)) {
            Tensors inputs = Tensors.NONE;
            for (NetworkInput input : network.inputs()) {
                if (!input.name().equals(Tensors.CONCAT)) {
                    int[] sides = input.shape().stream()
                            .mapToInt(side -> side == NetworkInput.ANY ? 5 : side)
                            .toArray();
                    inputs = inputs.with(input.name(), HostTensor.of(new float[size(sides)], sides));
                }
            }
            return network.predict(
                            new LatentShape(network.inChannels(), 8, 8),
                            List.of(new Denoiser.Row(sample(network.inChannels()), 500, inputs)))
                    .get(0);
        }
    }

    private static int size(int[] sides) {
        int size = 1;
        for (int side : sides) {
            size *= side;
        }
        return size;
    }

    private static RgbImage draw(ModelFolder model, ComputeTarget target) {
        Tensors given = encoded(model, target);
        int side = 8 * model.card().scale();
        LatentShape shape = new LatentShape(4, 8, 8);
        float[] latent = null;
        for (StageSpec stage : model.pipeline().diffusing()) {
            try (Denoiser network = model.network(stage, target)) {
                var schedule = model.scheduler(stage);
                var sampler = Samplers.create(schedule, model.card().defaults().sampler(), 2);
                Tensors all = latent == null ? given : given.with("latent", HostTensor.of(latent, 4, 8, 8));
                Row row = model.pipeline()
                        .type()
                        .begin(
                                stage,
                                new Begin(
                                        model.card(),
                                        shape,
                                        sampler,
                                        schedule,
                                        new TorchGenerator(7),
                                        network.inputs(),
                                        0,
                                        Request.of(side, side, 5),
                                        all));
                while (!row.isDone()) {
                    StepBatch.advance(network, shape, List.of(row));
                }
                latent = row.state().sample();
            }
        }
        try (ImageCodec codec = model.imageCodec(target)) {
            return codec.decode(shape, List.of(latent)).get(0).orElseThrow();
        }
    }

    private static byte[] decoded(ModelFolder model, ComputeTarget target) {
        LatentShape shape = new LatentShape(4, 8, 8);
        try (ImageCodec codec = model.imageCodec(target)) {
            return codec.decode(shape, List.of(sample(4))).get(0).orElseThrow().pixels();
        }
    }

    private static float[] sample(int channels) {
        float[] sample = new float[channels * 64];
        for (int i = 0; i < sample.length; i++) {
            sample[i] = (float) Math.sin(i);
        }
        return sample;
    }

    private static Tensors encoded(ModelFolder model, ComputeTarget target) {
        try (TextEncoder encoder = model.textEncoder(target)) {
            List<Tensors> states = encoder.states(List.of("a red apple", "dark"));
            return states.get(0).under("cond/").with(states.get(1).under("uncond/"));
        }
    }

    @Test
    void anotherAutoencoderDecodesInPlaceOfTheModelsOwn() throws IOException {
        Path own = write("sd1", "checkpoints/sd1", "");
        Path other = ReferenceFile.path("checkpoints/sd1/vae/diffusion_pytorch_model.safetensors");
        Map<String, Entry> rest = SingleFiles.tiny("sd1");
        Map<String, Entry> vae = new LinkedHashMap<>();
        rest.keySet().stream()
                .filter(name -> name.startsWith("first_stage_model."))
                .toList()
                .forEach(name -> vae.put(name.substring("first_stage_model.".length()), rest.remove(name)));
        Path original = SingleFiles.write(temporary.resolve("vae.safetensors"), vae);
        Path without = SingleFiles.write(temporary.resolve("without.safetensors"), rest);
        SingleFiles.settings(without, "checkpoints/sd1", "");
        var target = new ComputeTarget("cpu", Precision.FP32);
        byte[] expected = decoded(ModelFolder.open(own), target);

        refused(without, "no autoencoder", "--vae");
        for (Path given : List.of(original, other, other.getParent(), own)) {
            ModelFolder model = ModelFolder.open(without, Optional.empty(), List.of(), Optional.of(given));
            assertThat(decoded(model, target)).as(given.toString()).isEqualTo(expected);
        }
        SingleFiles.settings(without, "checkpoints/sd1", ", \"vae\": \"vae.safetensors\"");
        assertThat(decoded(ModelFolder.open(without), target)).isEqualTo(expected);
        Path folder = ReferenceFile.path("checkpoints/sd1");
        assertThat(ModelFolder.open(folder, Optional.empty(), List.of(), Optional.of(original))
                        .fingerprints())
                .containsKeys("unet", "vae");
        Path text = ReferenceFile.path("checkpoints/sd1/text_encoder/model.safetensors");
        assertThatThrownBy(() -> ModelFolder.open(folder, Optional.empty(), List.of(), Optional.of(text)))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll(text.getFileName().toString(), "no autoencoder");
    }
}
