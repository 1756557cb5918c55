package dev.weir.engine.pipeline;

import dev.weir.engine.PipelineIndex;
import dev.weir.engine.pipeline.Component.Use;
import java.util.ArrayList;
import java.util.List;

/** A family's pipeline with a second network, which goes on after the first; its folder says so by the network's folder. */
interface ExtendedPipeline extends DerivedPipeline {

    /** The folder of the second network. */
    String unet();

    String scheduler();

    @Override
    default List<String> classNames() {
        return base().classNames();
    }

    @Override
    default boolean fits(PipelineIndex index) {
        return index.has(unet());
    }

    @Override
    default String about() {
        return base().about();
    }

    @Override
    default List<Component> components() {
        List<Component> components = new ArrayList<>(base().components());
        components.add(new Component(unet(), Use.DENOISER, List.of(scheduler())));
        components.add(new Component(scheduler(), Use.SCHEDULER));
        return List.copyOf(components);
    }
}
