package dev.weir.engine.pipeline;

import dev.weir.engine.ComponentConfig;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.PipelineIndex;
import dev.weir.engine.Tensors;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.image.Bilinear;
import dev.weir.engine.network.ClipOutput;
import dev.weir.engine.sampler.NoiseSchedule;
import dev.weir.engine.sampler.Samplers;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** What the pixel networks of Imagen's kin have in common (Saharia et al. 2022, arXiv 2205.11487): they read T5's states. Stateless. */
final class PixelNetworks {

    static final int COLORS = 3;
    /** By how much a second network enlarges. */
    static final int FACTOR = 4;

    static final String NOISING_SCHEDULER = "image_noising_scheduler";

    /** All states of 77 tokens, none of which sees the padding. */
    static final TextPart TEXT = new TextPart("text_encoder", "tokenizer", ClipOutput.MASKED, OptionalInt.of(77), true);

    private static final int MOST_SIDE = 1 << 12;
    /** The networks are not held to the syntaxes of other tools. */
    private static final Set<String> NOT_TAKEN = Set.of("prompt_syntax", "guidance_rescale");

    private PixelNetworks() {}

    /**
     * Throws {@link ModelException} naming the file and key, or the parts that do not fit.
     *
     * @param enlarges whether it sees a picture beside its sample, and is told its noise level
     */
    static ComponentConfig require(PipelineIndex index, String unet, String scheduler, boolean enlarges) {
        ComponentConfig config = index.config(unet);
        LatentModel.requireKnown(index.config(TEXT.encoder()));
        LatentModel.requireKnown(config);
        LatentModel.requireInputs(config, Set.of());
        LatentModel.requireLabels(config, enlarges);
        LatentModel.require(
                config,
                "in_channels",
                config.count("in_channels", 4),
                enlarges ? 2 * COLORS : COLORS,
                enlarges ? "a sample of pixels and a picture" : "a sample of pixels");
        LatentModel.require(
                config, "out_channels", config.count("out_channels", 4), 2 * COLORS, "pixels and their variances");
        LatentModel.require(
                config,
                "encoder_hid_dim",
                config.count("encoder_hid_dim", config.count("cross_attention_dim", 1280)),
                index.config(TEXT.encoder()).count("d_model"),
                "the text encoder's states");
        if (config.sampleSize() > MOST_SIDE) {
            throw new ModelException(
                    "%s: sample_size is %d, past %d".formatted(config.file(), config.sampleSize(), MOST_SIDE));
        }
        Samplers.defaultName(index.scheduler(scheduler));
        return config;
    }

    /** Sides from half of the usual one to twice it. */
    static Sizes sizes(int usual, int multiple) {
        int least = (usual / 2 + multiple - 1) / multiple * multiple;
        return new Sizes(
                Math.max(multiple, least), Math.max(multiple, 2 * usual / multiple * multiple), multiple, usual);
    }

    /** How much noise is added to the picture that is enlarged. */
    static Field noiseLevel(PipelineIndex index, String scheduler, int usual) {
        int most = index.scheduler(scheduler).trainTimesteps() - 1;
        return Field.noiseLevel(most, Math.min(usual, most));
    }

    static Workflow workflow(String name, List<Field> fields, Sizes sizes, List<StageSpec> stages) {
        return new Workflow(name, List.copyOf(fields), sizes, stages).without(NOT_TAKEN);
    }

    /** From noise; then the noise of the picture is drawn, which the network sees enlarged beside its sample. */
    static Row enlarging(Begin begin, HostTensor small, int level) {
        LatentShape sample = begin.sample();
        if (small.rank() != 3 || small.side(0) != COLORS) {
            throw new IllegalArgumentException("a picture of %s is not [3, height, width]".formatted(small.shape()));
        }
        RowStart start = RowStart.fromNoise(begin.sampler(), sample, begin.noise());
        float[] enlarged = Bilinear.stretch(
                new LatentShape(COLORS, small.side(1), small.side(2)), small.values(), sample.height(), sample.width());
        float[] seen = NoiseSchedule.of(begin.augmentation())
                .addNoise(enlarged, begin.noise().normal(enlarged.length), level);
        Tensors beside = Tensors.of(Tensors.CONCAT, HostTensor.of(seen, COLORS, sample.height(), sample.width()))
                .with(Tensors.CLASS_LABELS, HostTensor.number(level));
        return new Row(begin.sampler(), start.with(beside), begin.noise(), begin.guider());
    }
}
