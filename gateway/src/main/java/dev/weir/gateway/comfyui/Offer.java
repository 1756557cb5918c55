package dev.weir.gateway.comfyui;

import dev.weir.gateway.job.ModelNames;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Embedding;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Upscaler;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the models offer, by ComfyUI's names. A name may have the ending of a file or not, because templates name files. Any thread.
 *
 * @param uploads the names of the caller's images
 */
record Offer(ModelNames models, Map<String, Uploads.Image> uploads) {

    private static final Pattern ENDING = Pattern.compile("\\.(safetensors|sft|ckpt|pt|pth|bin)$");
    private static final Pattern INPUT = Pattern.compile(" ?\\[input]$");
    private static final String FILE = ".safetensors";
    private static final Set<String> PARTS =
            Set.of("unet_name", "clip_name", "clip_name1", "clip_name2", "clip_name3", "vae_name");
    private static final Set<String> LEAVING_OUT = Set.of("dpm_2", "dpm_2_ancestral");
    /** What graphs can say of all that a workflow needs. */
    private static final Set<String> SAID = Set.of("prompt", "init_image", "mask");

    /** Models, their other names, and refiners of models. */
    List<String> checkpoints() {
        return Stream.concat(own(), refiners().keySet().stream()).toList();
    }

    private Stream<String> own() {
        return Stream.concat(models.cards().stream().map(ModelCard::getId), models.aliased().keySet().stream())
                .distinct()
                .filter(name -> models.find(name).filter(Offer::runs).isPresent());
    }

    /** Whether some graph makes a picture with a model. */
    private static boolean runs(ModelCard card) {
        return SamplerName.of(card).keySet().stream().anyMatch(name -> SamplerName.has(card, name))
                && card.getWorkflowsList().stream()
                        .map(Workflow::getFieldsList)
                        .anyMatch(fields -> fields.stream()
                                        .anyMatch(field -> field.getName().equals("prompt"))
                                && fields.stream()
                                        .filter(Field::getNeeded)
                                        .allMatch(field -> SAID.contains(field.getName())));
    }

    /** The models whose parts graphs load one by one. Each part has the name of its model. */
    List<String> parts() {
        return own().filter(name -> models.find(name).filter(Flow::is).isPresent())
                .toList();
    }

    /** Those of them whose text encoders a class of nodes loads. */
    List<String> clips(Flow.Kind kind) {
        return own().filter(name ->
                        models.find(name).filter(card -> Flow.is(card, kind)).isPresent())
                .toList();
    }

    /**
     * The models by the names of their refiners: a model's name with {@code _refiner} after it, or with {@code refiner} instead of {@code
     * base}, as the published files are called. Without those that models have themselves.
     */
    private Map<String, ModelCard> refiners() {
        List<String> own = own().toList();
        Map<String, ModelCard> refiners = new LinkedHashMap<>();
        for (String name : own) {
            models.find(name).filter(Offer::hasRefiner).ifPresent(card -> {
                refiners.putIfAbsent(name + "_refiner", card);
                refiners.putIfAbsent(name.replace("base", "refiner"), card);
            });
        }
        own.forEach(refiners::remove);
        return refiners;
    }

    static boolean hasRefiner(ModelCard card) {
        return card.getWorkflowsList().stream()
                .flatMap(workflow -> workflow.getStagesList().stream())
                .anyMatch(WorkflowStage::getTakesOver);
    }

    /** The model whose refiner a name means. */
    Optional<ModelCard> refined(String name) {
        return Optional.ofNullable(refiners().get(stem(name)));
    }

    List<String> samplers() {
        return SamplerName.ALL.stream()
                .filter(name -> models.cards().stream().anyMatch(card -> SamplerName.has(card, name)))
                .toList();
    }

    /** Without those for which only ComfyUI's class {@code KSampler} leaves a noise level out. */
    List<String> samplersOfParts() {
        return samplers().stream().filter(name -> !LEAVING_OUT.contains(name)).toList();
    }

    List<String> schedulers() {
        return SamplerName.SCHEDULERS;
    }

    List<String> loras() {
        return each(card -> card.getLorasList().stream().map(Lora::getName)).stream()
                .map(name -> name + FILE)
                .toList();
    }

    List<String> controlNets() {
        return each(card -> card.getControlnetsList().stream().map(ControlNet::getName));
    }

    List<String> upscalers() {
        return each(card -> card.getUpscalersList().stream().map(Upscaler::getName)).stream()
                .map(name -> name + FILE)
                .toList();
    }

    /** The upscaler of a name. They are the same for all models of a node. */
    Optional<Upscaler> upscaler(String name) {
        return models.cards().stream()
                .flatMap(card -> card.getUpscalersList().stream())
                .filter(upscaler -> upscaler.getName().equals(stem(name)))
                .findFirst();
    }

    List<String> embeddings() {
        return each(card -> card.getEmbeddingsList().stream().map(Embedding::getName));
    }

    List<String> images() {
        return List.copyOf(uploads.keySet());
    }

    /** An image as {@code LoadImage} names it. */
    Optional<Uploads.Image> upload(String name) {
        return Optional.ofNullable(uploads.get(INPUT.matcher(name).replaceFirst("")));
    }

    /** What all models have, each once. */
    private List<String> each(Function<ModelCard, Stream<String>> part) {
        return models.cards().stream().flatMap(part).distinct().toList();
    }

    Optional<ModelCard> checkpoint(String name) {
        return models.find(name).or(() -> models.find(stem(name))).filter(Offer::runs);
    }

    /** Choices without the endings of files. */
    Set<String> names(Function<Offer, List<String>> choices) {
        return choices.apply(this).stream().map(Offer::stem).collect(Collectors.toSet());
    }

    /** Whether a value that is no choice names something as well. */
    boolean has(Input input, String value) {
        return input.name().equals("ckpt_name") && checkpoint(value).isPresent()
                || PARTS.contains(input.name())
                        && checkpoint(value).filter(Flow::is).isPresent()
                || input.name().equals("image") && upload(value).isPresent();
    }

    static String stem(String name) {
        return ENDING.matcher(name).replaceFirst("");
    }
}
