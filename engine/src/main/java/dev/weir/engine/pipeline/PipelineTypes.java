package dev.weir.engine.pipeline;

import dev.weir.engine.PipelineIndex;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The families that Weir runs. A new one is one more entry. */
public final class PipelineTypes {

    private static final PipelineType PLAIN = new StableDiffusion();

    /** Of types with the same class names the first that fits a folder counts. */
    private static final List<PipelineType> ALL = Stream.concat(
                    Stream.of(
                            new LatentCascade(),
                            PLAIN,
                            new LatentConsistency(),
                            new RefinedStableDiffusionXl(),
                            new StableDiffusionXl(),
                            new StableDiffusionVariations(),
                            new StableUnclip(),
                            new PromptedUnclip(),
                            new Karlo(),
                            new DepthToImage(),
                            new PictureUpscaler(),
                            new LatentUpscaler(),
                            new LatentDiffusion(),
                            new PromptedLatentDiffusion(),
                            new LatentSuperResolution(),
                            new DiffusionTransformer(),
                            new DeepFloydUpscaler(),
                            new Flux1()),
                    Stream.of(
                                    InstructPix2Pix.ALL,
                                    PixArtDiffusion.ALL,
                                    PixelDiffusion.ALL,
                                    GuidedDiffusion.ALL,
                                    Glide.ALL,
                                    StableDiffusionThree.ALL,
                                    DeepFloydIf.ALL,
                                    Kandinsky22.ALL,
                                    StableCascade.ALL)
                            .flatMap(List::stream))
            .toList();

    private PipelineTypes() {}

    public static List<PipelineType> all() {
        return ALL;
    }

    /** The type that runs a folder's pipeline; empty if there is none. */
    public static Optional<PipelineType> of(PipelineIndex index) {
        return ALL.stream()
                .filter(type -> type.classNames().contains(index.className()) && type.fits(index))
                .findFirst();
    }

    /** What Weir runs, for people. */
    public static String about() {
        return "Weir runs " + ALL.stream().map(PipelineType::about).distinct().collect(Collectors.joining(", and "));
    }

    /** The type of the models of guided diffusion, which their original files become. */
    public static PipelineType guided() {
        return GuidedDiffusion.ALL.get(0);
    }

    /** The type of the models of GLIDE, which their original files become. */
    public static PipelineType textGuided() {
        return Glide.ALL.get(0);
    }

    /** The type of the plainest pipelines, of text alone. Folders of others may hold the same parts. */
    public static PipelineType plain() {
        return PLAIN;
    }
}
