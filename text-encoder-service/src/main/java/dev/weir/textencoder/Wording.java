package dev.weir.textencoder;

import dev.weir.engine.HostTensor;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptSize;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.pipeline.Port;
import dev.weir.engine.prompt.PromptSyntax;
import dev.weir.engine.prompt.States;
import dev.weir.engine.prompt.Words;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Warning;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Branches;
import dev.weir.serving.Loras;
import dev.weir.serving.Phrases;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;

/**
 * The prompts of a task, and what their states are on the bus. Immutable.
 *
 * @param prompts by what the names of their tensors begin with; none in models without text
 * @param filler the empty prompt of compel, whose states fill up the shorter of two prompts
 */
record Wording(Map<String, Prompt> prompts, List<Prompt> filler) {

    /** @param loras that change the text encoders */
    static Wording of(Work work, List<WeightedLora> loras) {
        Map<String, Prompt> prompts = new LinkedHashMap<>();
        if (!work.stage().getGivesList().contains(Port.COND.name())) {
            return new Wording(prompts, List.of());
        }
        Generation generation = work.task().getGeneration();
        PromptSyntax syntax = PromptSyntax.parse(generation.getPromptSyntax());
        Words words = Phrases.of(work.task());
        List<String> texts = words.prompt().texts();
        for (int i = 0; i < texts.size(); i++) {
            Prompt prompt = new Prompt(texts.get(i), generation.getClipSkip());
            prompts.put(Phrases.prefix(Branches.COND, i), prompt.in(syntax).with(loras));
        }
        if (!Branches.isGuided(work.task())) {
            return new Wording(prompts, List.of());
        }
        // diffusers leaves no layers out for it, whatever the request leaves out for its prompt. The tools do.
        int skipped = syntax == PromptSyntax.A1111 || syntax == PromptSyntax.COMFYUI ? generation.getClipSkip() : 0;
        List<String> negatives = words.negative().texts();
        for (int i = 0; i < negatives.size(); i++) {
            Prompt negative = generation.hasNegativePrompt() ? new Prompt(negatives.get(i), skipped) : Encoders.ABSENT;
            prompts.put(Phrases.prefix(Branches.UNCOND, i), negative.in(syntax).with(loras));
        }
        Prompt empty = Prompt.of("").in(syntax).with(loras);
        return new Wording(prompts, syntax == PromptSyntax.COMPEL ? List.of(empty) : List.of());
    }

    /** What is to be encoded. */
    List<Prompt> all() {
        List<Prompt> all = new ArrayList<>(prompts.values());
        all.addAll(filler);
        return all;
    }

    /** How many numbers {@link #tensors} has, without pooled ones. */
    long numbers(Map<Prompt, PromptSize> sizes) {
        LongSummaryStatistics numbers = prompts.values().stream()
                .mapToLong(prompt -> sizes.get(prompt).numbers())
                .summaryStatistics();
        return filler.isEmpty() ? numbers.getSum() : numbers.getMax() * numbers.getCount();
    }

    List<Tensor> tensors(Map<Prompt, PromptStates> states) {
        int longest = prompts.values().stream()
                .mapToInt(prompt -> states.get(prompt).tokens())
                .max()
                .orElse(0);
        List<Tensor> tensors = new ArrayList<>();
        prompts.forEach((prefix, prompt) -> {
            Tensors own = states.get(prompt).states();
            for (Prompt empty : filler) {
                HostTensor filled = States.padded(
                        own.get(Tensors.ENCODER_HIDDEN_STATES),
                        longest,
                        states.get(empty).states().get(Tensors.ENCODER_HIDDEN_STATES));
                own = own.with(Tensors.ENCODER_HIDDEN_STATES, filled);
            }
            tensors.addAll(Branches.toTensors(prefix, own));
        });
        return tensors;
    }

    List<Warning> warnings(Map<Prompt, PromptStates> states) {
        List<Warning> warnings = new ArrayList<>();
        prompts.values().stream()
                .findFirst()
                .map(Prompt::loras)
                .map(Loras::warnings)
                .ifPresent(warnings::addAll);
        prompts.forEach((prefix, prompt) -> Truncation.of(
                        prefix.startsWith(Branches.COND) ? "prompt" : "negative_prompt", states.get(prompt))
                .ifPresent(warnings::add));
        return warnings;
    }
}
