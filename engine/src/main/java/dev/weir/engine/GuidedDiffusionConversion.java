package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.pipeline.PipelineTypes;
import dev.weir.engine.weights.SafetensorsOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * The original files of guided diffusion as a folder in diffusers' layout: a UNet, and where it is given a classifier.
 * Immutable; any thread.
 */
record GuidedDiffusionConversion(
        GuidedDiffusionPart unet, Optional<GuidedDiffusionPart> classifier, boolean ddim, Path out)
        implements Conversion {

    private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";
    private static final String SCHEDULER = "scheduler_config.json";

    /** Empty where the file is none of guided diffusion. Throws {@link ModelException} where it lacks what the options do not say. */
    static Optional<GuidedDiffusionConversion> of(WeightFile file, Path out, GuidedDiffusionOptions options) {
        return GuidedDiffusionPart.of(file, options).map(unet -> {
            unet.requireKind(GuidedDiffusionPart.Kind.UNET);
            Optional<GuidedDiffusionPart> classifier =
                    options.classifier().map(path -> part(path, options, GuidedDiffusionPart.Kind.CLASSIFIER));
            return new GuidedDiffusionConversion(unet, classifier, options.ddim(), out);
        });
    }

    private static GuidedDiffusionPart part(Path path, GuidedDiffusionOptions options, GuidedDiffusionPart.Kind kind) {
        GuidedDiffusionPart part = GuidedDiffusionPart.of(WeightFile.open(ModelPath.resolve(path)), options)
                .orElseThrow(() -> new ModelException(path + ": it is no file of guided diffusion"));
        part.requireKind(kind);
        return part;
    }

    private List<GuidedDiffusionPart> parts() {
        List<GuidedDiffusionPart> parts = new ArrayList<>(List.of(unet));
        classifier.ifPresent(parts::add);
        return parts;
    }

    @Override
    public String about() {
        return "guided diffusion of %d pixels%s, as the folder %s"
                .formatted(unet.side(), classifier.isPresent() ? " with a classifier" : "", out.getFileName());
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
            ObjectNode index = JsonNodeFactory.instance.objectNode();
            index.put("_class_name", PipelineTypes.guided().classNames().get(0));
            index.putArray("unet").add("diffusers").add(unet.className());
            index.putArray("scheduler").add("diffusers").add(schedulerClass());
            write(unet, folder.resolve("unet"), progress);
            json(folder.resolve("scheduler").resolve(SCHEDULER), unet.scheduler(schedulerClass(), ddim));
            if (classifier.isPresent()) {
                index.putArray("classifier")
                        .add("guided_diffusion")
                        .add(classifier.get().className());
                write(classifier.get(), folder.resolve("classifier"), progress);
                ObjectNode settings = JsonNodeFactory.instance.objectNode();
                settings.putObject("defaults").put("guidance_scale", unet.classifierScale());
                json(ModelSettings.file(folder), settings);
            }
            json(folder.resolve(PipelineIndex.FILE), index);
        });
    }

    private String schedulerClass() {
        return ddim ? "DDIMScheduler" : "DDPMScheduler";
    }

    private static void write(GuidedDiffusionPart part, Path home, LongConsumer progress) throws IOException {
        json(home.resolve(ComponentConfig.FILE), part.config());
        SafetensorsOutput.write(home.resolve(WEIGHTS), part.weights(), Map.of(), progress);
    }

    private static void json(Path file, JsonNode json) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, json.toPrettyString() + "\n");
    }
}
