package dev.weir.gateway.api;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.WorkflowStage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Reads which LoRAs a request names, among those that nodes have for its model. Stateless. */
final class LoraReader {

    static final int MOST = 8;
    static final double MAX_WEIGHT = 10;

    private static final String LORAS = "loras";
    private static final String PROMPT = "prompt";
    private static final String TAGGED = "a1111";

    private LoraReader() {}

    /** Adds those that a request names, and those in its prompt where its syntax has them. The prompt is then without their tags. */
    static void read(Fields fields, ModelCard card, Generation.Builder generation) {
        if (generation.getPromptSyntax().equals(TAGGED)) {
            PromptLoras prompt = tags(fields, generation.getPrompt());
            generation.setPrompt(prompt.prompt()).addAllLoras(read(fields, card, prompt.uses()));
        } else {
            generation.addAllLoras(read(fields, card, List.of()));
        }
    }

    private static PromptLoras tags(Fields fields, String prompt) {
        try {
            return PromptLoras.read(prompt);
        } catch (IllegalArgumentException e) {
            throw fields.invalid("invalid_prompt", PROMPT, e.getMessage());
        }
    }

    private static List<Lora> read(Fields fields, ModelCard card, List<PromptLoras.Use> inPrompt) {
        KnownFiles<Lora> known = KnownFiles.loras(card);
        Map<String, PromptLoras.Use> named = new LinkedHashMap<>();
        for (Fields use : fields.objects(LORAS, MOST)) {
            use.allowOnly(Set.of("name", "weight", "text_weight"));
            String name = use.text("name").orElseThrow(() -> use.missing("name"));
            double weight = use.real("weight", -MAX_WEIGHT, MAX_WEIGHT).orElse(1.0);
            double text = use.real("text_weight", -MAX_WEIGHT, MAX_WEIGHT).orElse(weight);
            known.find(use, "name", name);
            if (named.put(name, new PromptLoras.Use(name, text, weight)) != null) {
                throw use.invalid("invalid_value", "name", "\"%s\" is named twice".formatted(name));
            }
        }
        for (PromptLoras.Use use : inPrompt) {
            known.find(fields, PROMPT, use.name());
            named.merge(use.name(), use, PromptLoras.Use::plus);
        }
        if (named.size() > MOST) {
            throw fields.invalid(
                    "out_of_range",
                    PROMPT,
                    "names LoRAs, %d in all, and at most %d are allowed".formatted(named.size(), MOST));
        }
        List<Lora> loras = new ArrayList<>();
        for (PromptLoras.Use use : named.values()) {
            if (!isAllowed(use.text()) || !isAllowed(use.unet())) {
                throw fields.invalid(
                        "out_of_range",
                        PROMPT,
                        "gives the LoRA \"%s\" a weight that is not from %s to %s"
                                .formatted(use.name(), -MAX_WEIGHT, MAX_WEIGHT));
            }
            loras.addAll(weighted(known.find(fields, PROMPT, use.name()), use, card));
        }
        return loras;
    }

    private static boolean isAllowed(double weight) {
        return Math.abs(weight) <= MAX_WEIGHT;
    }

    /** One entry, or one for each of two weights. */
    private static List<Lora> weighted(Lora file, PromptLoras.Use use, ModelCard card) {
        if (use.text() == use.unet()) {
            return List.of(file.toBuilder().setWeight((float) use.text()).build());
        }
        Set<String> encoders = card.getWorkflowsList().stream()
                .flatMap(workflow -> workflow.getStagesList().stream())
                .filter(stage -> stage.getNode() == StageKind.TEXT_ENCODER)
                .map(WorkflowStage::getName)
                .collect(Collectors.toSet());
        Map<Boolean, List<String>> stages =
                file.getStagesList().stream().collect(Collectors.partitioningBy(encoders::contains));
        List<Lora> both = new ArrayList<>();
        for (boolean isText : List.of(true, false)) {
            if (!stages.get(isText).isEmpty()) {
                both.add(file.toBuilder()
                        .setWeight((float) (isText ? use.text() : use.unet()))
                        .clearStages()
                        .addAllStages(stages.get(isText))
                        .build());
            }
        }
        return both;
    }
}
