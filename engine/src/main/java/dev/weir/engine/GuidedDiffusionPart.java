package dev.weir.engine;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.original.GuidedDiffusionNaming;
import dev.weir.engine.original.GuidedDiffusionNaming.Heads;
import dev.weir.engine.original.GuidedDiffusionShape;
import dev.weir.engine.original.PublishedGuidedDiffusion;
import dev.weir.engine.weights.Weights;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * One original file of guided diffusion: its network under the names of diffusers, and the configurations that follow from its shapes,
 * from the README's flags of a published file, or from the user's training. Immutable; any thread.
 */
record GuidedDiffusionPart(
        WeightFile file, GuidedDiffusionShape shape, int side, Heads heads, boolean cosine, Weights weights) {

    enum Kind {
        UNET("the UNet of a base model"),
        UPSAMPLER("an upsampler"),
        CLASSIFIER("a classifier");

        private final String title;

        Kind(String title) {
            this.title = title;
        }
    }

    private static final int TRAIN_TIMESTEPS = 1000;
    private static final int GROUPS = 32;
    private static final int MOST_SIDE = 4096;
    /** Of 64 pixels and of 128. */
    private static final int PUBLISHED_FACTOR = 4;

    private static final String HEADS = "num-heads";
    private static final String HEAD_CHANNELS = "num-head-channels";
    private static final Heads OF_CLASSIFIERS = new Heads(64, 0);

    /** Empty where the file is none of guided diffusion. */
    static Optional<GuidedDiffusionPart> of(WeightFile file, GuidedDiffusionTraining training) {
        return GuidedDiffusionShape.of(file.tensors()).map(shape -> {
            Optional<PublishedGuidedDiffusion> published = PublishedGuidedDiffusion.of(shape);
            Heads heads = heads(file, shape, published, training);
            boolean together = !shape.isClassifier()
                    && (training.headsTogether()
                            || published
                                    .filter(PublishedGuidedDiffusion::headsTogether)
                                    .isPresent());
            return new GuidedDiffusionPart(
                    file,
                    shape,
                    shape.isClassifier() ? shape.side() : side(shape, training),
                    heads,
                    !shape.isClassifier() && isCosine(file, published, training),
                    new GuidedDiffusionNaming(shape.layers(), heads, !together).of(file.path(), file.tensors(), ""));
        });
    }

    /** Each level but the last halves the picture. */
    static int side(GuidedDiffusionShape shape, GuidedDiffusionTraining training) {
        int side = training.imageSize().orElse(shape.side());
        int step = 1 << (shape.widths().size() - 1);
        if (side < step || side > MOST_SIDE || side % step != 0) {
            throw new ModelException("%s must be a multiple of %d from %2$d to %d, not %d"
                    .formatted(training.option("image-size"), step, MOST_SIDE, side));
        }
        return side;
    }

    private static Heads heads(
            WeightFile file,
            GuidedDiffusionShape shape,
            Optional<PublishedGuidedDiffusion> published,
            GuidedDiffusionTraining training) {
        if (shape.isClassifier() && published.isPresent()) {
            return OF_CLASSIFIERS;
        }
        if (training.headChannels().isPresent() && training.heads().isPresent()) {
            throw new ModelException("%s and %s say the same: give one of them"
                    .formatted(training.option(HEADS), training.option(HEAD_CHANNELS)));
        }
        if (training.headChannels().isPresent()) {
            return new Heads(positive(training.headChannels().getAsInt(), training.option(HEAD_CHANNELS)), 0);
        }
        if (training.heads().isPresent() && !shape.isClassifier()) {
            return new Heads(0, positive(training.heads().getAsInt(), training.option(HEADS)));
        }
        return shape.isClassifier()
                ? OF_CLASSIFIERS
                : published
                        .map(PublishedGuidedDiffusion::heads)
                        .orElseThrow(
                                () -> unknown(file, training.option(HEADS) + " or " + training.option(HEAD_CHANNELS)));
    }

    private static int positive(int number, String option) {
        if (number < 1) {
            throw new ModelException("%s must be at least 1, not %d".formatted(option, number));
        }
        return number;
    }

    private static boolean isCosine(
            WeightFile file, Optional<PublishedGuidedDiffusion> published, GuidedDiffusionTraining training) {
        if (training.noiseSchedule().filter("warm"::equals).isPresent()) {
            throw new ModelException(
                    "%s must be linear or cosine for guided diffusion: warm is one of point-voxel diffusion"
                            .formatted(training.option("noise-schedule")));
        }
        return training.noiseSchedule()
                .map("cosine"::equals)
                .or(() -> published.map(PublishedGuidedDiffusion::isCosine))
                .orElseThrow(() -> unknown(file, training.option("noise-schedule")));
    }

    private static ModelException unknown(WeightFile file, String option) {
        return new ModelException(
                "%s: it has not the shape of a published model of guided diffusion, and does not say how it was trained. Give %s"
                        .formatted(file.path(), option));
    }

    /** Throws {@link ModelException} where it is another kind of network. */
    void requireKind(Kind wanted) {
        Kind kind = shape.isClassifier() ? Kind.CLASSIFIER : shape.isUpsampler() ? Kind.UPSAMPLER : Kind.UNET;
        if (kind != wanted) {
            throw new ModelException("%s: it is %s, not %s".formatted(file.path(), kind.title, wanted.title));
        }
    }

    /** Throws {@link ModelException} where a classifier or an upsampler is one of pictures of another size. */
    void requireFits(GuidedDiffusionPart unet) {
        if (shape.isClassifier() && side != unet.side) {
            throw new ModelException(
                    "%s: the classifier sees pictures of %d pixels, and %s makes those of %d. If it was trained so, give --image-size %d"
                            .formatted(file.path(), side, unet.file.path(), unet.side, side));
        }
        if (shape.isUpsampler()
                && PublishedGuidedDiffusion.of(shape).isPresent()
                && side != PUBLISHED_FACTOR * unet.side) {
            throw new ModelException("%s: the upsampler makes %d pixels of %d, and %s makes pictures of %d"
                    .formatted(file.path(), side, side / PUBLISHED_FACTOR, unet.file.path(), unet.side));
        }
    }

    String className() {
        return shape.isClassifier() ? "EncoderUNetModel" : "UNet2DModel";
    }

    double classifierScale() {
        return PublishedGuidedDiffusion.of(shape)
                .map(published -> published.classifierScale(shape))
                .orElse(1.0);
    }

    ObjectNode config() {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("_class_name", className())
                .put("sample_size", side)
                .put("in_channels", shape.in());
        shape.widths().forEach(json.putArray("block_out_channels")::add);
        types(
                json.putArray("down_block_types"),
                shape.attends(),
                "AttnDownBlock2D",
                "ResnetDownsampleBlock2D",
                "DownBlock2D");
        json.put("layers_per_block", shape.layers())
                .put("norm_num_groups", GROUPS)
                .put("attn_norm_num_groups", GROUPS)
                .put("resnet_time_scale_shift", shape.scaleShift() ? "scale_shift" : "default")
                .put("downsample_type", resizing())
                .put("upsample_type", resizing());
        if (heads.width() > 0) {
            json.put("attention_head_dim", heads.width());
        } else {
            json.put("num_attention_heads", heads.count());
        }
        if (shape.base() != shape.widths().get(0)) {
            json.put("time_proj_dim", shape.base());
        }
        if (shape.isClassifier()) {
            return json.put("num_classes", shape.labels());
        }
        List<Boolean> upwards = new ArrayList<>(shape.attends());
        Collections.reverse(upwards);
        types(json.putArray("up_block_types"), upwards, "AttnUpBlock2D", "ResnetUpsampleBlock2D", "UpBlock2D");
        json.put("out_channels", shape.out());
        return shape.labels() == 0 ? json : json.put("num_class_embeds", shape.labels());
    }

    private String resizing() {
        return shape.resizesInResnet() ? "resnet" : "conv";
    }

    private void types(ArrayNode types, List<Boolean> attends, String attending, String resnet, String plain) {
        attends.forEach(attended -> types.add(attended ? attending : shape.resizesInResnet() ? resnet : plain));
    }

    /** As the repository spaces timesteps: evenly from the first to the last for DDPM, by a whole stride for DDIM. */
    ObjectNode scheduler(String className, boolean ddim) {
        boolean isLearned = shape.out() > Math.min(shape.in(), 3);
        return JsonNodeFactory.instance
                .objectNode()
                .put("_class_name", className)
                .put("num_train_timesteps", TRAIN_TIMESTEPS)
                .put("beta_start", 0.0001)
                .put("beta_end", 0.02)
                .put("beta_schedule", cosine ? "squaredcos_cap_v2" : "linear")
                .put("clip_sample", true)
                .put("use_clipped_model_output", true)
                .put("timestep_spacing", ddim ? "leading" : "linspace")
                .put("variance_type", isLearned ? "learned_range" : "fixed_large");
    }
}
