package dev.weir.engine.pipeline;

import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.pipeline.Component.Use;
import java.util.List;

/** A pipeline of one text encoder, one UNet and one autoencoder, in the folders that diffusers gives them. */
interface OneTextPipeline extends PipelineType {

    String TEXT_ENCODER = "text_encoder";
    String TOKENIZER = "tokenizer";
    String UNET = "unet";
    String SCHEDULER = "scheduler";
    String VAE = "vae";

    @Override
    default List<Component> components() {
        return List.of(
                new Component(TOKENIZER, Use.TOKENIZER),
                new Component(TEXT_ENCODER, Use.TEXT_ENCODER, List.of(TOKENIZER)),
                new Component(UNET, Use.DENOISER, List.of(SCHEDULER)),
                new Component(SCHEDULER, Use.SCHEDULER),
                new Component(VAE, Use.AUTOENCODER));
    }

    @Override
    default List<TextPart> texts() {
        return List.of(new TextPart(TEXT_ENCODER, TOKENIZER, ClipOutput.LAST));
    }

    default LatentModel model(PipelineIndex index, ModelSettings settings) {
        return new LatentModel(index, settings, texts(), UNET, VAE);
    }

    /** The stages of a workflow that begins with a prompt and a picture. */
    static List<StageSpec> stages(StageSpec see, StageSpec diffuse) {
        return List.of(StageSpec.encode(List.of(TEXT_ENCODER)), see, diffuse.taking(Port.IMAGE), StageSpec.decode(VAE));
    }
}
