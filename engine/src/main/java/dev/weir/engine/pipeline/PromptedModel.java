package dev.weir.engine.pipeline;

import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import java.util.Set;

/** A family of text to image whose parts other families use for something else. */
interface PromptedModel extends PipelineType {

    LatentModel model(PipelineIndex index, ModelSettings settings);

    /** The inputs that its UNet may take besides {@code encoder_hidden_states}. */
    default Set<String> given() {
        return Set.of();
    }

    /** What it does with parts that fit each other. */
    Pipeline describe(PipelineIndex index, LatentModel model);

    /** What the network is told in each row besides the prompt. */
    default Tensors told(Request request) {
        return Tensors.NONE;
    }

    @Override
    default Pipeline describe(PipelineIndex index, ModelSettings settings) {
        LatentModel model = model(index, settings);
        model.requireFit(given());
        return describe(index, model);
    }
}
