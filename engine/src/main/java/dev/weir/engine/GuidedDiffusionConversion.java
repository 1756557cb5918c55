package dev.weir.engine;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.pipeline.PipelineTypes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * The original files of guided diffusion as a folder in diffusers' layout: a UNet, and where they are given a classifier and an upsampler.
 * Immutable; any thread.
 */
record GuidedDiffusionConversion(
        GuidedDiffusionPart unet,
        Optional<GuidedDiffusionPart> classifier,
        Optional<GuidedDiffusionPart> upsampler,
        boolean ddim,
        Path out)
        implements Conversion {

    private static final String UNET = "unet";
    private static final String SCHEDULER = "scheduler";
    private static final String CLASSIFIER = "classifier";
    private static final String UPSAMPLER = "upsampler/";

    /** Empty where the file is none of guided diffusion. Throws {@link ModelException} where it lacks what the options do not say. */
    static Optional<GuidedDiffusionConversion> of(WeightFile file, Path out, GuidedDiffusionOptions options) {
        return GuidedDiffusionPart.of(file, options.training()).map(unet -> {
            options.requireUsed();
            options.requireNoVocabulary();
            unet.requireKind(GuidedDiffusionPart.Kind.UNET);
            Optional<GuidedDiffusionPart> classifier = options.classifier()
                    .map(path -> part(path, options.training(), GuidedDiffusionPart.Kind.CLASSIFIER));
            Optional<GuidedDiffusionPart> upsampler = options.upsampler()
                    .map(path -> part(path, options.upsamplerTraining(), GuidedDiffusionPart.Kind.UPSAMPLER));
            classifier.ifPresent(part -> part.requireFits(unet));
            upsampler.ifPresent(part -> part.requireFits(unet));
            return new GuidedDiffusionConversion(unet, classifier, upsampler, options.ddim(), out);
        });
    }

    private static GuidedDiffusionPart part(
            Path path, GuidedDiffusionTraining training, GuidedDiffusionPart.Kind kind) {
        GuidedDiffusionPart part = GuidedDiffusionPart.of(WeightFile.open(ModelPath.resolve(path)), training)
                .orElseThrow(() -> new ModelException(path + ": it is no file of guided diffusion"));
        part.requireKind(kind);
        return part;
    }

    private List<GuidedDiffusionPart> parts() {
        List<GuidedDiffusionPart> parts = new ArrayList<>(List.of(unet));
        classifier.ifPresent(parts::add);
        upsampler.ifPresent(parts::add);
        return parts;
    }

    @Override
    public String about() {
        return "guided diffusion of %d pixels%s%s, as the folder %s"
                .formatted(
                        unet.side(),
                        classifier.isPresent() ? " with a classifier" : "",
                        upsampler
                                .map(part -> " with an upsampler to " + part.side())
                                .orElse(""),
                        out.getFileName());
    }

    @Override
    public long bytes() {
        return parts().stream()
                .mapToLong(part -> WeightFile.bytes(part.weights()))
                .sum();
    }

    @Override
    public void write(LongConsumer progress) {
        NewFolder.write(out, folder -> {
            var made = new ConvertedFolder(
                    folder, PipelineTypes.guided().classNames().get(0), progress);
            made.list(UNET, "diffusers", unet.className());
            made.list(SCHEDULER, "diffusers", schedulerClass());
            write(unet, UNET, made);
            made.scheduler(SCHEDULER, unet.scheduler(schedulerClass(), ddim));
            if (classifier.isPresent()) {
                made.list(CLASSIFIER, "guided_diffusion", classifier.get().className());
                write(classifier.get(), CLASSIFIER, made);
                ObjectNode settings = JsonNodeFactory.instance.objectNode();
                settings.putObject("defaults").put("guidance_scale", unet.classifierScale());
                ConvertedFolder.json(ModelSettings.file(folder), settings);
            }
            if (upsampler.isPresent()) {
                write(upsampler.get(), UPSAMPLER + UNET, made);
                made.scheduler(UPSAMPLER + SCHEDULER, upsampler.get().scheduler(schedulerClass(), ddim));
            }
            made.finish();
        });
    }

    private String schedulerClass() {
        return ddim ? "DDIMScheduler" : "DDPMScheduler";
    }

    private static void write(GuidedDiffusionPart part, String home, ConvertedFolder made) throws IOException {
        made.network(home, part.config(), part.weights(), ConvertedFolder.WEIGHTS_OF_DIFFUSERS);
    }
}
