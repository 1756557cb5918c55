package dev.weir.engine;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.original.Naming;
import dev.weir.engine.original.OpenClipNaming;
import dev.weir.engine.original.UNetNaming;
import dev.weir.engine.weights.Weights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A whole model in one safetensors file with the names of the original repositories. The file stays mapped; its parts are views of
 * it. Everything else comes with Weir or lies in a folder that the file's settings name. Immutable; any thread.
 */
final class SingleFile implements ModelSource {

    private static final String ASSUMED =
            ", taken for one of 768 pixels and v-prediction. If it is of 512 pixels, say so in %s: "
                    + "{\"native_size\": 512, \"scheduler\": {\"prediction_type\": \"epsilon\"}}";
    private static final String REFINER = "refiner/unet";

    private final WeightFile file;
    private final Family family;
    private final ModelSettings settings;
    private final Map<String, ObjectNode> facts;
    private final Optional<WeightFile> refiner;

    private SingleFile(WeightFile file, Family family) {
        this.file = file;
        this.family = family;
        this.settings = ModelSettings.read(file.path());
        this.facts = FileFacts.of(family, file);
        this.refiner = settings.refiner().map(SingleFile::refiner);
    }

    /** Empty where the path is no file that has a whole model. Throws {@link ModelException} where it has one that does not run. */
    static Optional<SingleFile> find(Path path) {
        return opened(path).flatMap(SingleFile::of);
    }

    /** The same of an open file, which may be pickled if it is only read to be converted. */
    static Optional<SingleFile> of(WeightFile file) {
        Optional<Family> family = Family.of(file.tensors());
        family.flatMap(Refusal::of).ifPresent(refusal -> {
            throw refusal.at(file.path());
        });
        return family.map(own -> new SingleFile(file, own));
    }

    static boolean isNamedSo(Path path) {
        return path.toString().endsWith(WeightFile.SAFETENSORS) && Files.isRegularFile(path);
    }

    /** Empty where it is no such file, or cannot be read: {@link FileKind} says why. */
    static Optional<WeightFile> opened(Path path) {
        if (!isNamedSo(path)) {
            return Optional.empty();
        }
        try {
            return Optional.of(WeightFile.safetensors(path));
        } catch (ModelException e) {
            return Optional.empty();
        }
    }

    private static WeightFile refiner(Path path) {
        WeightFile refiner = WeightFile.safetensors(path);
        if (!Family.of(refiner.tensors()).equals(Optional.of(Family.SDXL_REFINER))) {
            throw new ModelException(path + ": this is no refiner of SDXL");
        }
        return refiner;
    }

    @Override
    public Path path() {
        return file.path();
    }

    @Override
    public String form() {
        String form = "a single file of " + family.title();
        boolean isAssumed = family == Family.SD2 && changes("scheduler").isEmpty();
        return isAssumed ? form + ASSUMED.formatted(ModelSettings.file(path())) : form;
    }

    @Override
    public String advice() {
        return settings.config().isPresent()
                ? ""
                : ". If the model is not of the size of %s, name a folder with its configurations as \"config\" in %s"
                        .formatted(family.title(), ModelSettings.file(path()));
    }

    @Override
    public Path folder() {
        return settings.config().orElseGet(() -> BundledFamilies.folder(family.folder()));
    }

    @Override
    public ModelSettings settings() {
        return settings;
    }

    @Override
    public boolean has(String component) {
        return component.equals(REFINER) && refiner.isPresent();
    }

    /** What its settings say counts more than what the file says. */
    @Override
    public ObjectNode changes(String component) {
        ObjectNode changes = JsonNodeFactory.instance.objectNode();
        if (facts.containsKey(component)) {
            changes.setAll(facts.get(component));
        }
        return changes.setAll(settings.changes(component));
    }

    @Override
    public Weights weights(PipelineIndex index, String component) {
        WeightFile holder = component.equals(REFINER) ? refiner.orElseThrow() : file;
        holder.tensors().requireUnchanged();
        Path path = holder.path();
        Weights tensors = holder.tensors();
        Weights weights =
                switch (component) {
                    case "unet", REFINER ->
                        new UNetNaming(index.config(component).count("layers_per_block"))
                                .of(path, tensors, Family.UNET);
                    case "vae" -> OtherAutoencoder.original(path, tensors, index);
                    case "text_encoder" -> textEncoder();
                    case "text_encoder_2" -> new OpenClipNaming().of(path, tensors, "conditioner.embedders.1.model.");
                    default -> throw new ModelException("%s: a single file has no %s".formatted(path, component));
                };
        if (weights.names().isEmpty()) {
            throw missing(component);
        }
        return weights;
    }

    private Weights textEncoder() {
        String prefix = Naming.prefix(
                file.tensors(),
                "cond_stage_model.transformer.",
                "cond_stage_model.model.",
                "conditioner.embedders.0.transformer.");
        if (prefix.isEmpty()) {
            return Weights.NONE;
        }
        return (prefix.endsWith("model.") ? new OpenClipNaming() : Naming.SAME).of(file.path(), file.tensors(), prefix);
    }

    private ModelException missing(String component) {
        return new ModelException(
                component.equals("vae")
                        ? path() + ": the file has no autoencoder (first_stage_model). Give one with --vae FILE"
                        : "%s: the file has no %s. It is no whole model: Weir needs its UNet, text encoders and autoencoder"
                                .formatted(path(), component));
    }

    @Override
    public String place(PipelineIndex index, String component) {
        return component.equals(REFINER) ? refiner.orElseThrow().path().toString() : path() + ": " + component;
    }

    @Override
    public Path vocabulary(Path tokenizer) {
        return Files.isRegularFile(tokenizer.resolve("vocab.json")) ? tokenizer : BundledFamilies.vocabulary();
    }

    /** Of a file all parts are there or none is. */
    @Override
    public void requireReadable(PipelineIndex index) {
        index.type().components().stream()
                .filter(component -> component.use().isNetwork())
                .forEach(component -> index.weights(component.folder()));
    }
}
