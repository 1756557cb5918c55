package dev.weir.engine;

import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.pipeline.EmbeddingNormalizer;
import dev.weir.engine.sampler.NoiseSchedule;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.WeightType;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What is in a model, what of it runs, and what does not and why. Made from configurations and the headers of the
 * weights, whatever pipeline it is of; no network is loaded.
 *
 * @param pipeline class of the pipeline, empty where the folder does not say
 * @param form what it is read from, and what is assumed of it; empty where it is no model
 * @param problem with what {@link ModelFolder#open} refuses the model: in its first words what it is
 */
public record ModelReport(
        Path path, String form, String pipeline, List<Component> components, Optional<String> problem) {

    /**
     * @param name its folder
     * @param className as the pipeline names it; empty where the pipeline has none
     * @param used whether Weir needs it; a safety checker it does not
     * @param parameters how many numbers its weights are; 0 where it has none, or none that can be read
     * @param bytes of its weights
     * @param types of its weights
     * @param problem why Weir does not run it
     */
    public record Component(
            String name,
            String className,
            boolean used,
            long parameters,
            long bytes,
            Set<WeightType> types,
            Optional<String> problem) {}

    /** Whether {@link ModelFolder#open} takes the folder and every part of it loads. */
    public boolean runs() {
        return problem.isEmpty()
                && components.stream().allMatch(c -> c.problem().isEmpty());
    }

    /** Never throws for what is in the folder: that is what a report tells. */
    public static ModelReport inspect(Path path) {
        Path home = ModelPath.resolve(path);
        PipelineIndex index;
        try {
            index = PipelineIndex.read(ModelSources.open(home));
        } catch (ModelException e) {
            return new ModelReport(home, "", "", List.of(), Optional.of(e.getMessage()));
        }
        Set<String> names = new LinkedHashSet<>();
        index.type().components().forEach(component -> names.add(component.folder()));
        names.addAll(index.components().keySet());
        List<Component> components = new ArrayList<>(
                names.stream().map(name -> component(index, name)).toList());
        TinyAutoencoder.own(index.source().folder()).ifPresent(tiny -> components.add(tinyAutoencoder(tiny)));
        Optional<String> problem = problemOf(() -> ModelFolder.open(home));
        return new ModelReport(home, index.source().form(), index.className(), List.copyOf(components), problem);
    }

    private static Component component(PipelineIndex index, String name) {
        Optional<String> problem = index.problem(name).or(() -> problemOf(() -> check(index, name)));
        return component(() -> index.weights(name), name, index.classOf(name), !index.isBystander(name), problem);
    }

    /** It is in the folder and not in the pipeline. */
    private static Component tinyAutoencoder(Path home) {
        Supplier<Weights> weights = () -> ComponentWeights.open(home);
        Optional<String> problem = problemOf(() -> checkNetwork(ComponentConfig.read(home), weights.get()));
        return component(weights, home.getFileName().toString(), TinyAutoencoder.CLASS, true, problem);
    }

    private static Component component(
            Supplier<Weights> weights, String name, String className, boolean used, Optional<String> problem) {
        List<TensorInfo> tensors = new ArrayList<>();
        readable(weights).ifPresent(all -> all.names().forEach(tensor -> tensors.add(all.info(tensor))));
        Set<WeightType> types = EnumSet.noneOf(WeightType.class);
        tensors.forEach(tensor -> types.add(tensor.type()));
        return new Component(
                name,
                className,
                used,
                tensors.stream().mapToLong(ModelReport::parameters).sum(),
                tensors.stream().mapToLong(TensorInfo::length).sum(),
                types,
                problem);
    }

    private static void check(PipelineIndex index, String name) {
        if (index.isBystander(name)) {
            return;
        }
        Use use = index.component(name).use();
        if (use.isNetwork()) {
            checkNetwork(index, name);
            return;
        }
        switch (use) {
            case TOKENIZER -> TextEncoders.tokenizer(index, name).close();
            case SCHEDULER -> {
                if (index.source().settings().sampler().isEmpty() || !ModelFolder.isRequests(index, name)) {
                    ModelFolder.ownSampler(index, name);
                }
            }
            case IMAGE_NORMALIZER -> EmbeddingNormalizer.read(index.home(name));
            case NOISE_SCHEDULE -> NoiseSchedule.of(index.scheduler(name));
            case IMAGE_PROCESSOR -> new VisionParts(index).processor(name);
            default -> throw new IllegalStateException(name + " is used as " + use);
        }
    }

    private static void checkNetwork(PipelineIndex index, String name) {
        try {
            checkNetwork(index.config(name), index.weights(name));
        } catch (ModelException e) {
            throw new ModelException(e.getMessage() + index.source().advice(), e);
        }
    }

    private static void checkNetwork(ComponentConfig config, Weights weights) {
        Networks.check(config.json(), weights);
    }

    private static Optional<Weights> readable(Supplier<Weights> weights) {
        try {
            return Optional.of(weights.get());
        } catch (ModelException e) {
            return Optional.empty();
        }
    }

    private static long parameters(TensorInfo tensor) {
        return Arrays.stream(tensor.shape()).reduce(1, (a, b) -> a * b);
    }

    private static Optional<String> problemOf(Runnable check) {
        try {
            check.run();
            return Optional.empty();
        } catch (ModelException e) {
            return Optional.of(e.getMessage());
        }
    }
}
