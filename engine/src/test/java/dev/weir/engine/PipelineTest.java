package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Guidance;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.sampler.NoiseSchedule;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.Samplers;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole pictures, from prompt and seed to pixels, beside those that the reference's pipelines make. */
final class PipelineTest {

    private static final ComputeTarget EXACT = new ComputeTarget("cpu", Precision.FP32);
    private static final double LEAST_PSNR = 50;

    record Case(JsonNode json, ModelFolder model, Path picture) {

        @Override
        public String toString() {
            return json.path("name").asText();
        }
    }

    static Stream<Case> pictures() {
        var tiny = cases(ReferenceFile.json("pipeline/pipeline.json"))
                .map(json -> new Case(
                        json,
                        ModelFolder.open(ReferenceFile.path(
                                "checkpoints/" + json.path("checkpoint").asText())),
                        ReferenceFile.path("pipeline/" + json.path("name").asText() + ".png")));
        var shipped = cases(ReferenceFile.json("starter.json").path("cases"))
                .map(json -> new Case(
                        json,
                        ModelFolder.open(Path.of("../models/default")),
                        ReferenceFile.path(json.path("name").asText() + ".png")));
        return Stream.concat(tiny, shipped);
    }

    private static Stream<JsonNode> cases(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void aPromptAndASeedGiveTheReferencesPicture(Case picture) throws IOException {
        RgbImage ours = draw(picture.model(), picture.json());
        assertThat(psnr(ours, ImageIO.read(picture.picture().toFile()))).isGreaterThanOrEqualTo(LEAST_PSNR);
    }

    private static RgbImage draw(ModelFolder model, JsonNode json) {
        long seed = json.path("seed").asLong();
        List<TextStates> states;
        try (TextEncoder encoder = model.textEncoder(EXACT)) {
            states = encoder.states(List.of(
                    json.path("prompt").asText(), json.path("negative_prompt").asText()));
        }
        var shape = new LatentShape(
                4,
                json.path("latent").get(0).asInt(),
                json.path("latent").get(1).asInt());
        float[] latent;
        try (Denoiser network = model.denoiser(EXACT)) {
            Sampler sampler = Samplers.create(
                    model.scheduler(), name(json), json.path("steps").asInt());
            var noise = new TorchGenerator(seed);
            var start = RowStart.fromNoise(sampler, shape, noise);
            latent = run(network, shape, new Row(sampler, start, noise, guidance(states, json)));
        }
        JsonNode second = json.path("upsampler");
        if (!second.isMissingNode()) {
            latent = upsample(model, second, seed, states, shape, latent);
            shape = new LatentShape(4, 2 * shape.height(), 2 * shape.width());
        }
        try (ImageCodec codec = model.imageCodec(EXACT)) {
            return codec.decode(shape, List.of(latent)).get(0);
        }
    }

    private static float[] upsample(
            ModelFolder model, JsonNode json, long seed, List<TextStates> states, LatentShape base, float[] latent) {
        var shape = new LatentShape(4, 2 * base.height(), 2 * base.width());
        try (Denoiser network = model.upsampler(EXACT)) {
            Sampler sampler = Samplers.create(
                    model.upsamplerScheduler(), name(json), json.path("steps").asInt());
            var noise = new TorchGenerator(seed);
            var schedule = NoiseSchedule.of(model.upsamplerScheduler());
            var start = RowStart.upsampling(
                    sampler, schedule, base, latent, 2, json.path("noise_level").asInt(), noise);
            return run(network, shape, new Row(sampler, start, noise, guidance(states, json)));
        }
    }

    private static float[] run(Denoiser network, LatentShape shape, Row row) {
        while (!row.isDone()) {
            StepBatch.advance(network, shape, List.of(row));
        }
        return row.state().sample();
    }

    private static Guidance guidance(List<TextStates> states, JsonNode json) {
        return new Guidance(states.get(0), states.get(1), (float)
                json.path("guidance_scale").asDouble());
    }

    private static String name(JsonNode json) {
        String name = json.path("sampler").asText();
        return name.equals("euler_a") ? "euler_ancestral" : name;
    }

    private static double psnr(RgbImage ours, BufferedImage reference) {
        assertThat(ours.width()).isEqualTo(reference.getWidth());
        assertThat(ours.height()).isEqualTo(reference.getHeight());
        double squares = 0;
        for (int i = 0; i < ours.pixels().length; i++) {
            int pixel = i / 3;
            int rgb = reference.getRGB(pixel % ours.width(), pixel / ours.width());
            int expected = rgb >> 8 * (2 - i % 3) & 0xff;
            double difference = Byte.toUnsignedInt(ours.pixels()[i]) - expected;
            squares += difference * difference;
        }
        double mean = squares / ours.pixels().length;
        return mean == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(255 * 255 / mean);
    }
}
