package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelSettings;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.network.Networks;
import java.util.List;

/**
 * What models without text have in common: a UNet that is told the timestep and perhaps a class, its stages, and the start of
 * a sample. Stateless.
 */
final class UnconditionalModel {

    static final String UNET = "unet";
    static final String SCHEDULER = "scheduler";

    static final String WORKFLOW = "image";
    private static final String CLASS_LABEL = "class_label";
    private static final float UNGUIDED = 1;

    private final ComponentConfig unet;
    private final ModelSettings settings;

    /** Throws {@link ModelException} where the UNet or an option of it is not known, or it takes what a request cannot give. */
    UnconditionalModel(PipelineIndex index, ModelSettings settings) {
        this.unet = index.config(UNET);
        this.settings = settings;
        LatentModel.requireKnown(unet);
        Networks.inputs(unet.json()).forEach(this::requireGiven);
    }

    private void requireGiven(NetworkInput input) {
        boolean isClass = input.name().equals(Tensors.CLASS_LABELS)
                && input.isLabel()
                && unet.json().hasNonNull("num_class_embeds");
        if (!isClass && !input.name().equals(Tensors.CONCAT)) {
            throw new ModelException("%s: the UNet takes %s of %s, which a model without text is not given"
                    .formatted(unet.file(), input.name(), input.shape()));
        }
    }

    /** @param samples what these channels are of, for an error */
    void requireChannels(int channels, String samples) {
        int out = unet.count("out_channels", 3);
        LatentModel.require(unet, "in_channels", channels(), channels, samples);
        if (out != 2 * channels) { // as many again for a learned variance
            LatentModel.require(unet, "out_channels", out, channels, samples);
        }
    }

    int channels() {
        return unet.count("in_channels", 3);
    }

    /** @param scale picture pixels per pixel of a sample each way */
    Pipeline pipeline(PipelineType type, int scale, StageSpec decode) {
        int side = settings.nativeSize().orElseGet(() -> unet.side("sample_size") * scale);
        Sizes sizes = Sizes.around(side, scale << unet.halvings());
        StageSpec diffuse = StageSpec.diffuse(UNET, SCHEDULER).withoutText();
        return new Pipeline(
                type,
                new LatentShape(channels(), side / scale, side / scale),
                scale,
                sizes,
                1,
                UNGUIDED,
                false,
                List.of(new Workflow(WORKFLOW, fields(), sizes, List.of(diffuse, decode))));
    }

    private List<Field> fields() {
        int classes = unet.count("num_class_embeds", 0);
        return classes == 0 ? List.of() : List.of(classOf(classes));
    }

    /** The label of one of so many classes. */
    static Field classOf(int classes) {
        return Field.needed(CLASS_LABEL, 0, classes - 1);
    }

    /** From noise, with the request's class where the network takes one. */
    static Row begin(Begin begin) {
        boolean takesClass =
                begin.taken().stream().anyMatch(input -> input.name().equals(Tensors.CLASS_LABELS));
        Tensors inputs = takesClass ? Tensors.of(Tensors.CLASS_LABELS, label(begin.request())) : Tensors.NONE;
        RowStart start = RowStart.fromNoise(begin.sampler(), begin.sample(), begin.noise());
        return new Row(begin.sampler(), start, begin.noise(), Guider.none(inputs));
    }

    static HostTensor label(Request request) {
        return HostTensor.number(request.classLabel()
                .orElseThrow(() -> new IllegalArgumentException(
                        CLASS_LABEL + " is missing: the model makes pictures of a class")));
    }
}
