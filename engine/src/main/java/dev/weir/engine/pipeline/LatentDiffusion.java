package dev.weir.engine.pipeline;

import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.network.LatentSpace;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component.Use;
import java.util.List;

/** Latent diffusion without text (Rombach et al. 2022, arXiv 2112.10752): the latents of an autoencoder with a codebook. */
final class LatentDiffusion implements PipelineType {

    private static final String NAME = "LDMPipeline";
    private static final String AUTOENCODER = "vqvae";
    private static final int STEPS = 50;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "models without text of latents (%s)".formatted(NAME);
    }

    @Override
    public List<Component> components() {
        return List.of(
                new Component(UnconditionalModel.UNET, Use.DENOISER, List.of(UnconditionalModel.SCHEDULER)),
                new Component(UnconditionalModel.SCHEDULER, Use.SCHEDULER),
                new Component(AUTOENCODER, Use.AUTOENCODER));
    }

    @Override
    public List<TextPart> texts() {
        return List.of();
    }

    @Override
    public int steps(PipelineIndex index) {
        return STEPS;
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var autoencoder = index.config(AUTOENCODER);
        LatentModel.requireKnown(autoencoder);
        LatentSpace space = Networks.latentSpace(autoencoder.json());
        var model = new UnconditionalModel(index, settings);
        model.requireChannels(space.channels(), "the autoencoder's latents");
        return model.pipeline(this, space.scale(), StageSpec.decode(AUTOENCODER));
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        return UnconditionalModel.begin(begin);
    }
}
