package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.weir.proto.v1.Conditioning;
import dev.weir.proto.v1.Conditioning.WhatCase;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import io.vertx.core.json.JsonObject;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Graphs of ComfyUI that make a conditioning of two. */
final class ComfyConditioningsTest {

    private TestGateway gateway;
    private ComfyPrompts prompts;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        prompts = new ComfyPrompts(gateway);
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    /** The texts are "a (red:1.2) apple", "worms" as the negative one, and "a hill". */
    private static JsonObject graph() {
        JsonObject graph = ComfyClient.template();
        graph.put("20", node("CLIPTextEncode", "text", "a hill", "clip", link("4", 1)));
        return graph;
    }

    private static JsonObject combined(String one, String other) {
        return node("ConditioningCombine", "conditioning_1", link(one, 0), "conditioning_2", link(other, 0));
    }

    private static JsonObject joined(String type, String to, String from) {
        return node(type, "conditioning_to", link(to, 0), "conditioning_from", link(from, 0));
    }

    private static JsonObject average(String to, String from, double share) {
        JsonObject average = joined("ConditioningAverage", to, from);
        average.getJsonObject("inputs").put("conditioning_to_strength", share);
        return average;
    }

    private static String said(Conditioning conditioning) {
        return switch (conditioning.getWhatCase()) {
            case SEQUENCE ->
                conditioning.getSequence().getPartsList().stream()
                        .map(ComfyConditioningsTest::said)
                        .collect(Collectors.joining(" + ", "(", ")"));
            case AVERAGE ->
                "(%s ~%s~ %s)"
                        .formatted(
                                said(conditioning.getAverage().getTo()),
                                conditioning.getAverage().getShare(),
                                said(conditioning.getAverage().getFrom()));
            default -> conditioning.getText();
        };
    }

    @Test
    void combinedPromptsAreRowsBesideEachOther() {
        JsonObject graph = graph();
        graph.put("21", combined("6", "20"));
        inputs(graph, "3").put("positive", link("21", 0));

        Task task = prompts.task(graph);

        Generation made = task.getGeneration();
        assertThat(made.getConditioningsList())
                .extracting(ComfyConditioningsTest::said)
                .containsExactly("a (red:1.2) apple", "a hill");
        assertThat(made.getNegativeConditioningsCount()).isOne();
        assertThat(made.getPrompt()).isEqualTo("a (red:1.2) apple\na hill");
        assertThat(task.getRouteList().stream().filter(stage -> stage.getRole() == StageRole.DIFFUSE))
                .allMatch(stage -> stage.getRows() == 3);
    }

    /** As there, of a combined conditioning_from only the first prompt is used. */
    @Test
    void everyPromptOfTheFirstIsJoinedWithTheFirstOfTheSecond() {
        JsonObject graph = graph();
        graph.put("21", combined("6", "20"));
        graph.put("22", joined("ConditioningConcat", "21", "21"));
        graph.put("23", average("22", "20", 0.25));
        inputs(graph, "3").put("positive", link("23", 0));
        graph.put("24", joined("ConditioningConcat", "7", "20"));
        inputs(graph, "3").put("negative", link("24", 0));

        Generation made = prompts.made(graph);

        assertThat(made.getConditioningsList())
                .extracting(ComfyConditioningsTest::said)
                .containsExactly(
                        "((a (red:1.2) apple + a (red:1.2) apple) ~0.25~ a hill)",
                        "((a hill + a (red:1.2) apple) ~0.25~ a hill)");
        assertThat(said(made.getNegativeConditionings(0))).isEqualTo("(worms + a hill)");
    }

    @Test
    void aPromptMayCountInAPartOfTheRun() {
        JsonObject graph = graph();
        graph.put("21", node("ConditioningSetTimestepRange", "conditioning", link("6", 0), "start", 0, "end", 0.4));
        graph.put("22", node("ConditioningSetTimestepRange", "conditioning", link("20", 0), "start", 0.4, "end", 1));
        graph.put("23", combined("21", "22"));
        inputs(graph, "3").put("positive", link("23", 0));

        assertThat(prompts.made(graph).getConditioningsList())
                .extracting(Conditioning::getText, Conditioning::getStart, Conditioning::getEnd)
                .containsExactly(tuple("a (red:1.2) apple", 0.0, 0.4), tuple("a hill", 0.4, 1.0));

        inputs(graph, "21").put("end", 0);
        prompts.refused(graph, "21", "end - must be above start");
    }

    @Test
    void negativePromptsAreCombinedAndCountInAPartOfTheRunToo() {
        JsonObject graph = graph();
        graph.put("21", node("ConditioningSetTimestepRange", "conditioning", link("20", 0), "start", 0.4, "end", 1));
        graph.put("22", combined("7", "21"));
        inputs(graph, "3").put("negative", link("22", 0));

        Task task = prompts.task(graph);

        assertThat(task.getGeneration().getNegativeConditioningsList())
                .extracting(Conditioning::getText, Conditioning::getStart)
                .containsExactly(tuple("worms", 0.0), tuple("a hill", 0.4));
        assertThat(task.getGeneration().getConditioningsList())
                .extracting(ComfyConditioningsTest::said)
                .containsExactly("a (red:1.2) apple");
        assertThat(task.getGeneration().getNegativePrompt()).isEqualTo("worms\na hill");
        assertThat(task.getRouteList().stream().filter(stage -> stage.getRole() == StageRole.DIFFUSE))
                .allMatch(stage -> stage.getRows() == 3);
    }

    @Test
    void zerosCountBesideANegativePrompt() {
        JsonObject graph = graph();
        graph.put("21", node("ConditioningZeroOut", "conditioning", link("7", 0)));
        graph.put("22", combined("7", "21"));
        inputs(graph, "3").put("negative", link("22", 0));
        Generation made = prompts.made(graph);

        assertThat(made.getNegativeConditioningsList())
                .extracting(Conditioning::getWhatCase, Conditioning::getText)
                .containsExactly(tuple(WhatCase.TEXT, "worms"), tuple(WhatCase.WHAT_NOT_SET, ""));
        assertThat(made.getConditioningsList())
                .extracting(ComfyConditioningsTest::said)
                .containsExactly("a (red:1.2) apple");
        assertThat(made.getNegativePrompt()).isEqualTo("worms");

        graph.put("22", average("6", "21", 0.5));
        inputs(graph, "3").put("positive", link("22", 0));
        prompts.refused(graph, "22", "conditioning_from - zeros are not joined with a text; ConditioningCombine");
        graph.put("22", joined("ConditioningConcat", "21", "6"));
        prompts.refused(graph, "22", "conditioning_to - zeros are not joined with a text; ConditioningCombine");
    }

    /** Some folders of SDXL have the empty prompt for an absent one, so zeros are asked for. */
    @Test
    void zerosAloneAreAskedForAlsoOfSdxl() {
        JsonObject graph = graph();
        graph.put("21", node("ConditioningZeroOut", "conditioning", link("7", 0)));
        inputs(graph, "3").put("negative", link("21", 0));
        Generation made = prompts.made(graph);

        assertThat(made.getNegativeConditioningsList())
                .extracting(Conditioning::getWhatCase)
                .containsExactly(WhatCase.WHAT_NOT_SET);
        assertThat(made.getConditioningsList())
                .extracting(ComfyConditioningsTest::said)
                .containsExactly("a (red:1.2) apple");

        graph.put("6", node("CLIPTextEncodeSDXL", "clip", link("4", 1), "text_g", "an apple", "text_l", "an apple"));
        inputs(graph, "6").put("width", 128).put("height", 96).put("crop_w", 0).put("crop_h", 0);
        inputs(graph, "6").put("target_width", 64).put("target_height", 32);
        prompts.refused(graph, "3", "negative - must have the same sizes as the positive one");
        inputs(graph, "21").put("conditioning", link("6", 0));
        assertThat(prompts.send(graph).statusCode()).isEqualTo(200);
    }

    @Test
    void aPromptOfOneTextIsNone() {
        Generation made = prompts.made(graph());

        assertThat(made.getConditioningsCount()).isZero();
        assertThat(made.getNegativeConditioningsCount()).isZero();
    }

    @Test
    void whatIsNotComputedIsRefusedByItsNode() {
        JsonObject many = graph();
        many.put("21", combined("6", "20"));
        for (int node = 22; node < 25; node++) {
            many.put("" + node, combined("" + (node - 1), "" + (node - 1)));
        }
        inputs(many, "3").put("positive", link("24", 0));
        prompts.refused(many, "24", "makes 16 combined prompts; at most 8");
        inputs(many, "3").put("positive", link("23", 0)).put("negative", link("21", 0));
        prompts.refused(many, "3", "negative - makes 10 prompts of both kinds; at most 9");

        JsonObject doubled = graph();
        doubled.put("21", joined("ConditioningConcat", "6", "20"));
        for (int node = 22; node < 60; node++) {
            doubled.put("" + node, joined("ConditioningConcat", "" + (node - 1), "" + (node - 1)));
        }
        inputs(doubled, "3").put("positive", link("59", 0));
        prompts.refused(doubled, "26", "makes a prompt of 64 texts; at most 32");

        JsonObject skipped = graph();
        skipped.put("21", node("CLIPSetLastLayer", "clip", link("4", 1), "stop_at_clip_layer", -2));
        inputs(skipped, "20").put("clip", link("21", 0));
        skipped.put("22", combined("6", "20"));
        inputs(skipped, "3").put("positive", link("22", 0));
        prompts.refused(skipped, "22", "by the same CLIP with the same LoRAs");

        assertThat(gateway.stage.sittings()).isEmpty();
    }
}
