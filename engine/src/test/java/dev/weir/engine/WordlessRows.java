package dev.weir.engine;

import dev.weir.engine.diffusion.GuidanceInterval;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.AestheticScores;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.sampler.Samplers;
import java.util.OptionalInt;

/** Rows of models without text. */
final class WordlessRows {

    private WordlessRows() {}

    /** @param guidance the scale of a classifier; 1 where none guides */
    static Row of(ModelFolder model, Denoiser network, String sampler, int steps, OptionalInt label, float guidance) {
        StageSpec stage = model.pipeline().diffusing().get(0);
        LatentShape shape = model.pipeline().latent();
        return of(model, stage, network, shape, sampler, steps, label, guidance, Tensors.NONE);
    }

    /** At any stage, with what the one before it gives. */
    static Row of(
            ModelFolder model,
            StageSpec stage,
            Denoiser network,
            LatentShape shape,
            String sampler,
            int steps,
            OptionalInt label,
            float guidance,
            Tensors given) {
        var schedule = model.scheduler(stage);
        int side = model.card().nativeSize();
        int beside = given.byName().isEmpty() ? 0 : shape.channels();
        return model.pipeline()
                .type()
                .begin(
                        stage,
                        new Begin(
                                model.card(),
                                shape,
                                Samplers.create(schedule, sampler, steps),
                                schedule,
                                new TorchGenerator(7),
                                network.inputs(),
                                beside,
                                new Request(
                                        side,
                                        side,
                                        guidance,
                                        0,
                                        GuidanceInterval.WHOLE,
                                        side,
                                        side,
                                        0,
                                        0,
                                        label,
                                        OptionalInt.empty(),
                                        1,
                                        1,
                                        MaskedContent.ORIGINAL,
                                        AestheticScores.USUAL),
                                given));
    }
}
