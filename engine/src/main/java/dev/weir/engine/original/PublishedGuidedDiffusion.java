package dev.weir.engine.original;

import dev.weir.engine.original.GuidedDiffusionNaming.Heads;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The published UNets of guided diffusion, with those flags of the repository's README that do not follow from a file's shapes.
 *
 * @param attending how many levels attend
 * @param cosine whether the noise schedule is that, and not the linear one
 * @param headsTogether whether the queries of all heads lie together ({@code use_new_attention_order})
 * @param classifierScale with which the README guides it
 */
public enum PublishedGuidedDiffusion {
    IMAGENET_64(3, 192, 3, List.of(192, 384, 576, 768), 3, new Heads(64, 0), true, true, 1),
    IMAGENET_128(3, 256, 2, List.of(256, 256, 512, 768, 1024), 3, new Heads(0, 4), false, false, 0.5),
    /** With classes or without, and those of LSUN. */
    OF_256(3, 256, 2, List.of(256, 256, 512, 512, 1024, 1024), 3, new Heads(64, 0), false, false, 1),
    IMAGENET_512(3, 256, 2, List.of(128, 256, 256, 512, 512, 1024, 1024), 3, new Heads(64, 0), false, false, 4),
    UPSAMPLER_256(6, 192, 2, List.of(192, 192, 384, 384, 768, 768), 3, new Heads(0, 4), false, false, 0),
    UPSAMPLER_512(6, 192, 2, List.of(192, 192, 384, 384, 768, 768), 2, new Heads(64, 0), false, false, 0);

    private static final double UNCONDITIONAL_SCALE = 10;

    private final int in;
    private final int base;
    private final int layers;
    private final List<Integer> widths;
    private final int attending;
    private final Heads heads;
    private final boolean cosine;
    private final boolean headsTogether;
    private final double classifierScale;

    PublishedGuidedDiffusion(
            int in,
            int base,
            int layers,
            List<Integer> widths,
            int attending,
            Heads heads,
            boolean cosine,
            boolean headsTogether,
            double classifierScale) {
        this.in = in;
        this.base = base;
        this.layers = layers;
        this.widths = widths;
        this.attending = attending;
        this.heads = heads;
        this.cosine = cosine;
        this.headsTogether = headsTogether;
        this.classifierScale = classifierScale;
    }

    /** Empty where no published UNet has this shape. */
    public static Optional<PublishedGuidedDiffusion> of(GuidedDiffusionShape shape) {
        return Arrays.stream(values())
                .filter(one -> one.in == shape.in()
                        && one.base == shape.base()
                        && one.layers == shape.layers()
                        && one.widths.equals(shape.widths())
                        && one.attending
                                == shape.attends().stream()
                                        .filter(attends -> attends)
                                        .count())
                .findFirst();
    }

    public Heads heads() {
        return heads;
    }

    public boolean isCosine() {
        return cosine;
    }

    public boolean headsTogether() {
        return headsTogether;
    }

    public double classifierScale(GuidedDiffusionShape shape) {
        return shape.labels() == 0 ? UNCONDITIONAL_SCALE : classifierScale;
    }
}
