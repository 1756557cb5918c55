package dev.weir.engine.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.noise.NoiseKind;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import dev.weir.engine.sampler.Span;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A run that begins with a picture, by ComfyUI's rules and by diffusers'. */
class SeenPictureTest {

    private static final LatentShape SHAPE = new LatentShape(4, 2, 2);
    private static final float[] MEAN = filled(0.5f);
    private static final long SEED = 3;

    private final Sampler sampler = Samplers.create(
            new SchedulerConfig(Path.of("scheduler_config.json"), "", new ObjectMapper().createObjectNode()),
            SamplerSpec.parse("euler:schedule=comfyui_normal"),
            Span.ofStrength(10, 0.6));

    @Test
    void comfyuiTakesTheMeanOfThePictureAndTheFirstNoise() {
        float[] first = NoiseKind.CPU.stream(SEED).normal(SHAPE.size());

        assertThat(start("comfyui:0:1")).containsExactly(sampler.start(MEAN, first));
    }

    @Test
    void diffusersDrawsThePictureFirst() {
        var stream = NoiseKind.CPU.stream(SEED);
        float[] drawn = stream.normal(SHAPE.size());
        for (int i = 0; i < drawn.length; i++) {
            drawn[i] = MEAN[i] + 2 * drawn[i];
        }

        assertThat(start("cpu")).containsExactly(sampler.start(drawn, stream.normal(SHAPE.size())));
    }

    private float[] start(String noise) {
        Tensors given = Tensors.of("image/mean", HostTensor.of(MEAN, 4, 2, 2))
                .with("image/deviation", HostTensor.of(filled(2), 4, 2, 2));
        var card = new ModelCard(
                "m", "p", 4, 8, 16, 8, 8, 16, 1, List.of(), List.of(), new ModelCard.Defaults(1, 1, "euler", 0, 0));
        var begin = new Begin(
                card,
                SHAPE,
                sampler,
                null,
                NoiseKind.parse(noise).stream(SEED),
                List.of(),
                0,
                Request.of(16, 16, 1).changing(0.6),
                given);
        return SeenPicture.begin(begin, Guider.none(Tensors.NONE)).state().sample();
    }

    private static float[] filled(float value) {
        float[] filled = new float[SHAPE.size()];
        java.util.Arrays.fill(filled, value);
        return filled;
    }
}
