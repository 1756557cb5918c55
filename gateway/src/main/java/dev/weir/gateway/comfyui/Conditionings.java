package dev.weir.gateway.comfyui;

import static dev.weir.gateway.comfyui.SamplerInputs.NEGATIVE;
import static dev.weir.gateway.comfyui.SamplerInputs.POSITIVE;

import dev.weir.gateway.comfyui.Phrase.During;
import dev.weir.gateway.comfyui.Value.Conditioning;
import dev.weir.gateway.comfyui.Value.Guider;
import dev.weir.gateway.comfyui.Value.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.stream.Stream;

/** ComfyUI's nodes that make a conditioning of others. Stateless. */
final class Conditionings {

    private static final String TO = "conditioning_to";
    private static final String FROM = "conditioning_from";
    /** Each is a network row of every step. */
    private static final int MOST_COMBINED = 8;

    /** Of both kinds. */
    private static final int MOST_ROWS = 9;

    private Conditionings() {}

    /** What the network says of both counts equally. */
    static Conditioning combined(Node node, Conditioning one, Conditioning other) {
        String input = "conditioning_2";
        requireClip(node, input, one, other);
        if (!other.sizes().equals(one.sizes()) || !other.told().equals(one.told())) {
            throw new RefusedNodeException(node, input, "must have the same sizes as the other one");
        }
        if (!other.controls().equals(one.controls())) {
            throw new RefusedNodeException(node, input, "must have the ControlNets of the other one");
        }
        List<During> all = new ArrayList<>(one.phrases());
        all.addAll(other.phrases());
        if (all.size() > MOST_COMBINED) {
            throw new RefusedNodeException(
                    node,
                    input,
                    "makes %d combined prompts; at most %d are computed".formatted(all.size(), MOST_COMBINED));
        }
        return one.of(all);
    }

    static Conditioning inSequence(Node node, Conditioning to, Conditioning from) {
        return joined(node, to, from, Phrase.Sequence::new);
    }

    static Conditioning average(Node node, Conditioning to, Conditioning from) {
        double share = node.number("conditioning_to_strength").doubleValue();
        return joined(node, to, from, (own, other) -> new Phrase.Average(own, other, share));
    }

    /** As there, only the first of several combined prompts is used of the second. */
    private static Conditioning joined(Node node, Conditioning to, Conditioning from, BinaryOperator<Phrase> how) {
        requireClip(node, FROM, to, from);
        if (to.hasZeros() || from.hasZeros()) {
            throw new RefusedNodeException(
                    node,
                    to.hasZeros() ? TO : FROM,
                    "zeros are not joined with a text; ConditioningCombine takes them");
        }
        Phrase other = from.phrases().get(0).phrase();
        List<During> joined = to.phrases().stream()
                .map(each -> new During(how.apply(each.phrase(), other), each.start(), each.end()))
                .toList();
        int texts =
                joined.stream().mapToInt(each -> each.phrase().count()).max().orElseThrow();
        if (texts > Phrase.MOST_TEXTS) {
            throw new RefusedNodeException(
                    node,
                    TO,
                    "makes a prompt of %d texts; at most %d are computed".formatted(texts, Phrase.MOST_TEXTS));
        }
        return to.of(joined);
    }

    /** By noise levels, which the nodes that sample know. */
    static Conditioning during(Node node, Conditioning conditioning) {
        double start = node.number("start").doubleValue();
        double end = node.number("end").doubleValue();
        if (start >= end) {
            throw new RefusedNodeException(node, "end", "must be above start, %s".formatted(start));
        }
        return conditioning.of(conditioning.phrases().stream()
                .map(each -> new During(each.phrase(), start, end))
                .toList());
    }

    private static void requireClip(Node node, String input, Conditioning one, Conditioning other) {
        if (!other.clip().equals(one.clip())) {
            throw new RefusedNodeException(
                    node, input, "must be encoded as the other one: by the same CLIP with the same LoRAs");
        }
    }

    /** ComfyUI counts the parts of a run by the guider's model, and Weir by the levels that the run has. */
    static void requireSameLevels(Node node, Guider guider, boolean isGuided, Model levels) {
        Stream<During> counted = guider.positive().phrases().stream();
        if (isGuided) {
            counted = Stream.concat(counted, guider.negative().phrases().stream());
        }
        if (!levels.table().equals(guider.model().table()) && !counted.allMatch(During::isAll)) {
            throw new RefusedNodeException(
                    node,
                    "sigmas",
                    "has other noise levels than the guider's model, by which parts of a run are counted");
        }
    }

    static void requireText(SamplerInputs inputs, Conditioning positive) {
        if (positive.hasZeros()) {
            throw inputs.refused(POSITIVE, "zeros are computed for the negative prompt only");
        }
    }

    /** Of a model that reads one text for all steps. */
    static void requireOneText(SamplerInputs inputs, String input, Conditioning conditioning, String model) {
        if (conditioning.hasZeros()) {
            throw inputs.refused(input, "zeros are not computed for " + model);
        }
        if (!Phrase.isOneText(conditioning.phrases())) {
            throw inputs.refused(input, "%s takes one text".formatted(model));
        }
    }

    /** Of a model whose network is also guided by a picture: one text for all steps, or zeros. */
    static void requireSingle(SamplerInputs inputs, String input, Conditioning conditioning, String model) {
        if (!Phrase.isOneText(conditioning.phrases()) && !conditioning.isZero()) {
            throw inputs.refused(input, "%s takes one text or zeros, for all steps".formatted(model));
        }
    }

    static void requireFew(SamplerInputs inputs, Conditioning positive, Conditioning negative) {
        int rows = positive.phrases().size() + negative.phrases().size();
        if (rows > MOST_ROWS) {
            throw inputs.refused(
                    NEGATIVE, "makes %d prompts of both kinds; at most %d are computed".formatted(rows, MOST_ROWS));
        }
    }

    static void requireSameClip(SamplerInputs inputs, Conditioning positive, Conditioning negative) {
        if (!negative.clip().equals(positive.clip())) {
            throw inputs.refused(NEGATIVE, "must be encoded as the positive one: by the same CLIP with the same LoRAs");
        }
    }
}
