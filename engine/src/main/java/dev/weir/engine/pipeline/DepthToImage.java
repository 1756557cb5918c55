package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Stable Diffusion 2 with a depth map: image-to-image whose network sees how near each part of the picture is. The map comes with the
 * request; the folder's depth estimator is not run.
 */
final class DepthToImage implements OneTextPipeline {

    private static final String NAME = "StableDiffusionDepth2ImgPipeline";
    private static final String WORKFLOW = "depth_to_image";
    private static final String DEPTH = Port.IMAGE.name() + "/depth";
    private static final float GUIDANCE = 7.5f;
    private static final double STRENGTH = 0.8;

    @Override
    public List<String> classNames() {
        return List.of(NAME);
    }

    @Override
    public String about() {
        return "depth-to-image models with a given depth map (%s)".formatted(NAME);
    }

    @Override
    public Set<String> unused() {
        return Set.of("depth_estimator");
    }

    @Override
    public Pipeline describe(PipelineIndex index, ModelSettings settings) {
        var model = model(index, settings);
        model.requireFit(1, false, 0);
        var sizes = model.sizes(1);
        List<Field> fields = new ArrayList<>(Field.ofText(model.maxClipSkip()));
        fields.add(Field.needed(Field.INIT_IMAGE));
        fields.add(Field.needed("depth_map"));
        fields.add(Field.strength(STRENGTH));
        var stages = OneTextPipeline.stages(StageSpec.see(VAE, Port.DEPTH_MAP), StageSpec.diffuse(UNET, SCHEDULER));
        return new Pipeline(
                this,
                model.latent(),
                model.scale(),
                sizes,
                1,
                GUIDANCE,
                false,
                List.of(new Workflow(WORKFLOW, List.copyOf(fields), sizes, stages)));
    }

    @Override
    public PictureInput input(Sight sight, int scale) {
        int width = sight.width() / scale;
        int height = sight.height() / scale;
        float[] depth = sight.depth()
                .orElseThrow(() -> new IllegalArgumentException("depth_map is missing"))
                .spread(width, height);
        return sight.input().with(HostTensor.of(depth, 1, height, width));
    }

    @Override
    public Tensors see(PictureInput input, ImageCodec codec) {
        return SeenPicture.see(input.seen(), codec).with(DEPTH, input.depth().orElseThrow());
    }

    @Override
    public Row begin(StageSpec stage, Begin begin) {
        Tensors depth = Tensors.of(Tensors.CONCAT, begin.given().get(DEPTH));
        float[] picture = SeenPicture.drawn(begin, begin.sample().size());
        float[] noise = begin.noise().normal(picture.length);
        return SeenPicture.row(begin, begin.sampler(), begin.sampler().start(picture, noise), depth, begin.guider());
    }
}
