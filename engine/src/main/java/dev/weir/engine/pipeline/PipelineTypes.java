package dev.weir.engine.pipeline;

import dev.weir.engine.PipelineIndex;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The families that Weir runs. A new one is one more entry. */
public final class PipelineTypes {

    private static final int NEAREST = 3;
    /** What a class is for, which says nothing of its family. */
    private static final Set<String> TASKS = Set.of("Pipeline", "Img", "Image", "Inpaint");
    /** Of the name of a class. */
    private static final Pattern WORD = Pattern.compile("[A-Z]+(?![a-z])|[A-Z][a-z]+");

    private static final PipelineType PLAIN = new StableDiffusion();
    private static final PipelineType POINTS = new PointDiffusion();

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
                            new Flux1(),
                            new ZImageDiffusion(),
                            POINTS),
                    Stream.of(
                                    InstructPix2Pix.ALL,
                                    PixArtDiffusion.ALL,
                                    PixelDiffusion.ALL,
                                    GuidedDiffusion.ALL,
                                    Glide.ALL,
                                    StableDiffusionThree.ALL,
                                    DeepFloydIf.ALL,
                                    Kandinsky22.ALL,
                                    StableCascade.ALL,
                                    WuerstchenDiffusion.ALL)
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

    /** The families whose class names are most like a name among these words, in a sentence. Empty if none is. */
    public static String nearest(String words) {
        var asked = words(words);
        var likest = ALL.stream()
                .filter(type -> likeness(type, asked) > 0)
                .sorted(Comparator.comparingDouble(type -> -likeness(type, asked)))
                .map(PipelineType::about)
                .distinct()
                .limit(NEAREST)
                .toList();
        return likest.isEmpty() ? "" : "Nearest to it, Weir runs %s. ".formatted(String.join(", and ", likest));
    }

    /** By words of class names that are also asked for. One that many families have says little. */
    private static double likeness(PipelineType type, Set<String> asked) {
        return words(type).stream()
                .filter(asked::contains)
                .mapToDouble(word -> 1.0
                        / ALL.stream()
                                .filter(other -> words(other).contains(word))
                                .count())
                .sum();
    }

    private static Set<String> words(PipelineType type) {
        return words(String.join(" ", type.classNames()));
    }

    private static Set<String> words(String names) {
        return WORD.matcher(names)
                .results()
                .map(MatchResult::group)
                .filter(word -> !TASKS.contains(word))
                .collect(Collectors.toSet());
    }

    /** The type of the models of guided diffusion, which their original files become. */
    public static PipelineType guided() {
        return GuidedDiffusion.ALL.get(0);
    }

    /** The type of the models of GLIDE, which their original files become. */
    public static PipelineType textGuided() {
        return Glide.ALL.get(0);
    }

    /** The type of the models of point-voxel diffusion, which their original files become. */
    public static PipelineType points() {
        return POINTS;
    }

    /** The type of the plainest pipelines, of text alone. Folders of others may hold the same parts. */
    public static PipelineType plain() {
        return PLAIN;
    }
}
