package dev.weir.engine;

import dev.weir.engine.pipeline.Component;
import dev.weir.engine.pipeline.Pipeline;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Makes a model's card of what its pipeline and its publisher say. Stateless; any thread. */
final class CardReader {

    private CardReader() {}

    /**
     * Throws {@link ModelException} naming the file and key.
     *
     * @param asked the sampler for requests that name none; empty: what weir.json says, else the model's own scheduler
     */
    static ModelCard read(PipelineIndex index, Pipeline pipeline, ModelSettings settings, Optional<String> asked) {
        requireSettings(index, pipeline, settings);
        SchedulerConfig scheduler = ModelFolder.requestsScheduler(index, pipeline);
        int upsamplerSteps = pipeline.diffusing().stream()
                .mapToInt(StageSpec::ownSteps)
                .max()
                .orElse(0);
        return new ModelCard(
                settings.id().orElseGet(() -> ModelPath.name(index.path())),
                index.className(),
                pipeline.latent().channels(),
                pipeline.scale(),
                pipeline.sizes().usual(),
                pipeline.sizes().multiple(),
                pipeline.sizes().min(),
                pipeline.sizes().max(),
                pipeline.upsampleFactor(),
                samplers(scheduler, pipeline),
                pipeline.type().components().stream().map(Component::folder).toList(),
                new ModelCard.Defaults(
                        settings.steps().orElse(pipeline.type().steps(index)),
                        settings.guidanceScale().orElse(pipeline.guidanceScale()),
                        sampler(index, pipeline, settings, asked),
                        upsamplerSteps,
                        settings.upsamplerNoiseLevelOrDefault()));
    }

    /** Holds what the publisher says to what the networks and their schedules can do. */
    private static void requireSettings(PipelineIndex index, Pipeline pipeline, ModelSettings settings) {
        Path file = ModelSettings.file(index.path());
        int multiple = pipeline.sizes().multiple();
        settings.nativeSize().filter(size -> size % multiple != 0).ifPresent(size -> {
            throw new ModelException(
                    "%s: native_size is %d, which is no multiple of %d".formatted(file, size, multiple));
        });
        if (settings.upsamplerSteps().isEmpty()) {
            return;
        }
        pipeline.diffusing().stream().filter(stage -> stage.ownSteps() > 0).forEach(stage -> {
            SchedulerConfig schedule = index.scheduler(stage.scheduler());
            try {
                Samplers.create(schedule, Samplers.defaultName(schedule), stage.ownSteps());
            } catch (IllegalArgumentException e) {
                throw new ModelException("%s: upsampler_steps: %s".formatted(file, e.getMessage()), e);
            }
        });
    }

    /** Where a classifier guides, those that take its gradient. */
    private static List<String> samplers(SchedulerConfig scheduler, Pipeline pipeline) {
        return Samplers.available(scheduler).stream()
                .filter(name -> pipeline.type().classifier().isEmpty() || Samplers.takesGradient(scheduler, name))
                .toList();
    }

    /** The one asked for, else the publisher's choice in weir.json, else the model's own scheduler. */
    private static String sampler(
            PipelineIndex index, Pipeline pipeline, ModelSettings settings, Optional<String> asked) {
        Optional<String> chosen = asked.or(settings::sampler);
        String scheduler = pipeline.main().scheduler();
        SchedulerConfig requests = ModelFolder.requestsScheduler(index, pipeline);
        if (chosen.isEmpty()) {
            String own = ModelFolder.ownSampler(index, scheduler);
            requireGradient(requests, own, pipeline, index.path().resolve(scheduler));
            return own;
        }
        Path by = asked.isPresent() ? index.path() : ModelSettings.file(index.path());
        try {
            Samplers.requireAvailable(requests, chosen.get());
        } catch (IllegalArgumentException e) {
            throw new ModelException(by + ": sampler: " + e.getMessage(), e);
        }
        requireGradient(requests, chosen.get(), pipeline, by);
        return chosen.get();
    }

    /** @param by the file that chose the sampler */
    private static void requireGradient(SchedulerConfig scheduler, String sampler, Pipeline pipeline, Path by) {
        if (pipeline.type().classifier().isPresent() && !Samplers.takesGradient(scheduler, sampler)) {
            throw new ModelException("%s: sampler: sampler %s takes no gradient of the classifier; available: %s"
                    .formatted(by, sampler, String.join(", ", samplers(scheduler, pipeline))));
        }
    }
}
