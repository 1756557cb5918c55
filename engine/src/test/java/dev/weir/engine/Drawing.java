package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.ClassifierFreeGuidance;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.sampler.NoiseSchedule;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.Samplers;
import java.awt.image.BufferedImage;
import java.util.List;

/** Draws a recorded case from prompt and seed to pixels, and says how near it is to the reference's picture. */
final class Drawing {

    private static final ComputeTarget EXACT = new ComputeTarget("cpu", Precision.FP32);

    private Drawing() {}

    /** The networks of a model whose pictures are drawn in one stage. */
    record Networks(TextEncoder encoder, Denoiser denoiser, ImageCodec codec) implements AutoCloseable {

        static Networks of(ModelFolder model) {
            return new Networks(model.textEncoder(EXACT), model.denoiser(EXACT), model.imageCodec(EXACT));
        }

        @Override
        public void close() {
            encoder.close();
            denoiser.close();
            codec.close();
        }
    }

    /**
     * With the case's sampler, or the model's default where the case names none, and with the model's scheduler.
     *
     * @param networks which other models of the same weights may share
     */
    static RgbImage draw(ModelFolder model, Networks networks, JsonNode json) {
        long seed = json.path("seed").asLong();
        List<Tensors> states = networks.encoder()
                .states(List.of(
                        json.path("prompt").asText(),
                        json.path("negative_prompt").asText()));
        var shape = new LatentShape(
                4,
                json.path("latent").get(0).asInt(),
                json.path("latent").get(1).asInt());
        Sampler sampler = Samplers.create(
                model.scheduler(), name(model, json), json.path("steps").asInt());
        var noise = new TorchGenerator(seed);
        var start = RowStart.fromNoise(sampler, shape, noise);
        float[] latent = run(networks.denoiser(), shape, new Row(sampler, start, noise, guidance(states, json)));
        JsonNode second = json.path("upsampler");
        if (!second.isMissingNode()) {
            latent = upsample(model, second, seed, states, shape, latent);
            shape = new LatentShape(4, 2 * shape.height(), 2 * shape.width());
        }
        return networks.codec().decode(shape, List.of(latent)).get(0).orElseThrow();
    }

    private static float[] upsample(
            ModelFolder model, JsonNode json, long seed, List<Tensors> states, LatentShape base, float[] latent) {
        var shape = new LatentShape(4, 2 * base.height(), 2 * base.width());
        var second = model.pipeline().diffusing().get(1);
        try (Denoiser network = model.network(second, EXACT)) {
            Sampler sampler = Samplers.create(
                    model.scheduler(second),
                    name(model, json),
                    json.path("steps").asInt());
            var noise = new TorchGenerator(seed);
            var schedule = NoiseSchedule.of(model.scheduler(second));
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

    private static Guider guidance(List<Tensors> states, JsonNode json) {
        return new ClassifierFreeGuidance(
                states.get(0),
                states.get(1),
                (float) json.path("guidance_scale").asDouble(),
                0);
    }

    private static String name(ModelFolder model, JsonNode json) {
        String name = json.hasNonNull("sampler")
                ? json.path("sampler").asText()
                : model.card().defaults().sampler();
        return name.equals("euler_a") ? "euler_ancestral" : name;
    }

    static double psnr(RgbImage ours, BufferedImage reference) {
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
