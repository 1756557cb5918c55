package dev.weir.serving;

import dev.weir.engine.prompt.ComfyNotation;
import dev.weir.engine.prompt.Composition;
import dev.weir.engine.prompt.PromptSyntax;
import dev.weir.engine.prompt.Words;
import dev.weir.engine.sampler.PercentRange;
import dev.weir.proto.v1.Conditioning;
import dev.weir.proto.v1.Conditioning.WhatCase;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Work;
import java.util.List;
import java.util.Optional;

/** The texts of a request's prompts, and at which step each counts. Encoders and denoisers see the same. Stateless; any thread. */
public final class Phrases {

    private Phrases() {}

    /** All of them. Throws an IllegalArgumentException if there are too many texts. */
    public static Words of(Task task) {
        Generation generation = task.getGeneration();
        if (generation.getConditioningsCount() > 0) {
            return new Words(
                    combined(generation.getConditioningsList()),
                    generation.getNegativeConditioningsCount() > 0
                            ? combined(generation.getNegativeConditioningsList())
                            : Composition.of(generation.getNegativePrompt()));
        }
        return Words.of(
                generation.getPrompt(),
                generation.getNegativePrompt(),
                PromptSyntax.parse(generation.getPromptSyntax()),
                first(task).map(Phrases::steps).orElse(1));
    }

    private static Composition combined(List<Conditioning> conditionings) {
        return Composition.ofEqual(
                        conditionings.stream().map(Phrases::written).toList(),
                        conditionings.stream().map(Phrases::range).toList())
                .zeroing(part -> conditionings.get(part).getWhatCase() == WhatCase.WHAT_NOT_SET);
    }

    private static PercentRange range(Conditioning conditioning) {
        return new PercentRange(conditioning.getStart(), conditioning.hasEnd() ? conditioning.getEnd() : 1);
    }

    private static String written(Conditioning conditioning) {
        return switch (conditioning.getWhatCase()) {
            case SEQUENCE ->
                ComfyNotation.sequence(conditioning.getSequence().getPartsList().stream()
                        .map(Phrases::written)
                        .toList());
            case AVERAGE ->
                ComfyNotation.average(
                        written(conditioning.getAverage().getTo()),
                        written(conditioning.getAverage().getFrom()),
                        conditioning.getAverage().getShare());
            case TEXT, WHAT_NOT_SET -> ComfyNotation.text(conditioning.getText());
        };
    }

    /** Those of a diffusing stage. Texts change in the first one alone, and the others have the last. */
    static Words of(Work work) {
        Words all = of(work.task());
        boolean isFirst = first(work.task())
                .map(stage -> stage.getName().equals(work.stage().getName()))
                .orElse(false);
        return isFirst ? all : all.atEnd();
    }

    private static Optional<Stage> first(Task task) {
        return task.getRouteList().stream()
                .filter(stage -> stage.getRole() == StageRole.DIFFUSE)
                .findFirst();
    }

    /** stable-diffusion-webui counts network calls: two a step with samplers of second order. */
    private static int steps(Stage stage) {
        int steps = Math.max(1, stage.getSampling().getSteps());
        return stage.getForwards() > steps + 1 ? 2 * steps : steps;
    }

    /** Before the names of a text's tensors. The first one's have no number, as those of prompts with one text. */
    public static String prefix(String branch, int text) {
        return text == 0 ? branch : branch + text + "/";
    }
}
