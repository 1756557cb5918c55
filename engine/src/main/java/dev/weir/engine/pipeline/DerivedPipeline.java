package dev.weir.engine.pipeline;

import dev.weir.engine.ImageCodec;
import dev.weir.engine.Tensors;
import java.util.List;

/** A family of the same parts as another one, which does something else with them. */
interface DerivedPipeline extends PipelineType {

    PipelineType base();

    @Override
    default List<Component> components() {
        return base().components();
    }

    @Override
    default List<TextPart> texts() {
        return base().texts();
    }

    @Override
    default PictureInput input(Sight sight, int scale) {
        return base().input(sight, scale);
    }

    @Override
    default Tensors see(PictureInput input, ImageCodec codec) {
        return base().see(input, codec);
    }
}
