package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.network.Networks;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.WeightType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What is in a model folder, what of it runs, and what does not and why. Made from configurations and the headers of the
 * weights, whatever pipeline the folder holds; no network is loaded.
 *
 * @param pipeline class of the pipeline, empty where the folder does not say
 * @param problem with what {@link ModelFolder#open} refuses the folder: in its first words what the folder is
 */
public record ModelReport(Path folder, String pipeline, List<Component> components, Optional<String> problem) {

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
    public static ModelReport inspect(Path folder) {
        Path home = ModelPath.resolve(folder);
        PipelineIndex index;
        try {
            FolderKind.requirePipeline(home);
            index = PipelineIndex.read(home);
        } catch (ModelException e) {
            return new ModelReport(home, "", List.of(), Optional.of(e.getMessage()));
        }
        Set<String> names = new LinkedHashSet<>();
        index.type().components().forEach(component -> names.add(component.folder()));
        names.addAll(index.components().keySet());
        List<Component> components = new ArrayList<>(
                names.stream().map(name -> component(index, name)).toList());
        TinyAutoencoder.own(home).ifPresent(tiny -> components.add(tinyAutoencoder(tiny)));
        Optional<String> problem = problemOf(() -> ModelFolder.open(home));
        return new ModelReport(home, index.className(), List.copyOf(components), problem);
    }

    private static Component component(PipelineIndex index, String name) {
        Optional<String> problem = index.problem(name).or(() -> problemOf(() -> check(index, name)));
        return component(index.home(name), name, index.classOf(name), !index.isBystander(name), problem);
    }

    /** It is in the folder and not in the pipeline. */
    private static Component tinyAutoencoder(Path home) {
        Optional<String> problem = problemOf(() -> checkNetwork(home));
        return component(home, home.getFileName().toString(), TinyAutoencoder.CLASS, true, problem);
    }

    private static Component component(
            Path home, String name, String className, boolean used, Optional<String> problem) {
        Optional<ComponentWeights> weights = weights(home);
        List<TensorInfo> tensors = new ArrayList<>();
        weights.ifPresent(all -> all.names().forEach(tensor -> tensors.add(all.info(tensor))));
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
        Path home = index.home(name);
        switch (index.component(name).use()) {
            case TOKENIZER -> ModelFolder.tokenizer(index, name).close();
            case SCHEDULER -> {
                if (!choosesSampler(index) || !ModelFolder.isRequests(index, name)) {
                    ModelFolder.ownSampler(index, name);
                }
            }
            case IMAGE_PROCESSOR -> ModelFolder.imageProcessor(index, name);
            case TEXT_ENCODER, IMAGE_ENCODER, DENOISER, AUTOENCODER -> checkNetwork(home);
        }
    }

    private static void checkNetwork(Path home) {
        JsonNode config = ComponentConfig.read(home).json();
        Networks.check(config, ComponentWeights.open(home));
    }

    /** Whether weir.json names a sampler instead of the model's own; what is wrong with the file is told elsewhere. */
    private static boolean choosesSampler(PipelineIndex index) {
        try {
            return ModelSettings.read(index.folder()).sampler().isPresent();
        } catch (ModelException e) {
            return false;
        }
    }

    private static Optional<ComponentWeights> weights(Path home) {
        try {
            return Optional.of(ComponentWeights.open(home));
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
