package dev.weir.gateway.comfyui;

import static dev.weir.gateway.comfyui.SamplerInputs.CFG;
import static dev.weir.gateway.comfyui.SamplerInputs.NEGATIVE;
import static dev.weir.gateway.comfyui.SamplerInputs.POSITIVE;

import dev.weir.gateway.api.CfgScale;
import dev.weir.gateway.api.ModelFields;
import dev.weir.gateway.comfyui.Flow.Kind;
import dev.weir.gateway.comfyui.Phrase.During;
import dev.weir.gateway.comfyui.Value.Conditioning;
import dev.weir.gateway.comfyui.Value.Place;
import dev.weir.proto.v1.ModelCard;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The prompts and the guidance of a sampler of a rectified flow. Its text encoders read texts as they stand, or with weights in brackets.
 * Confined to one compilation.
 */
final class FlowPrompts {

    private static final String GUIDANCE_SCALE = "guidance_scale";
    /** What ComfyUI tells a network that takes a scale where no node says one. */
    private static final double GUIDANCE = 3.5;

    private final SamplerInputs inputs;
    private final ModelCard card;
    private final Kind kind;
    private final boolean isPlain;
    private final Conditioning positive;
    private final Optional<Conditioning> against;

    /**
     * Throws {@link RefusedNodeException}.
     *
     * @param against the negative prompt, where there is guidance
     */
    FlowPrompts(SamplerInputs inputs, ModelCard card, Conditioning positive, Optional<Conditioning> against) {
        this.inputs = inputs;
        this.card = card;
        this.kind = Flow.kind(card).orElseThrow();
        against.ifPresent(negative -> requireGuidance(positive, negative));
        Conditionings.requireText(inputs, positive);
        require(POSITIVE, positive);
        against.ifPresent(negative -> require(NEGATIVE, negative));
        this.isPlain = Stream.concat(Stream.of(positive), against.stream()).allMatch(this::isPlain);
        this.positive = isPlain ? unescaped(positive) : positive;
        this.against = isPlain ? against.map(FlowPrompts::unescaped) : against;
    }

    private void requireGuidance(Conditioning prompt, Conditioning negative) {
        require(CFG, kind != Kind.FLUX, "must be 1: %s takes no negative prompt".formatted(card.getId()));
        Conditionings.requireSameClip(inputs, prompt, negative);
        Conditionings.requireFew(inputs, prompt, negative);
    }

    private void require(String input, Conditioning conditioning) {
        String model = card.getId();
        require(input, conditioning.clip().lastLayer() == 0, "the layer of CLIP is %s's own".formatted(model));
        require(input, conditioning.sizes().isEmpty(), "is encoded for SDXL, which %s is not".formatted(model));
        require(input, conditioning.controls().isEmpty(), "ControlNets do not steer " + model);
        if (kind != Kind.STABLE_DIFFUSION_3) {
            Conditionings.requireOneText(inputs, input, conditioning, model);
        }
        boolean areTexts =
                conditioning.phrases().stream().allMatch(each -> each.isZero() || each.phrase() instanceof Phrase.Text);
        require(input, areTexts, "%s reads each text for itself".formatted(model));
        conditioning.phrases().stream()
                .flatMap(each -> each.phrase().texts())
                .forEach(text -> PlainText.requireNoEmbedding(inputs, input, text, model));
    }

    private void require(String input, boolean holds, String problem) {
        if (!holds) {
            throw inputs.refused(input, problem);
        }
    }

    /**
     * Whether it is one text that no bracket cuts into several. Brackets do not count for Z-Image. For the others, an opening one that is not
     * closed cuts too: what is before it and what is after it become tokens apart.
     */
    private boolean isPlain(Conditioning conditioning) {
        return Phrase.isOneText(conditioning.phrases())
                && (kind == Kind.Z_IMAGE || !PlainText.isCut(Phrase.shown(conditioning.phrases())));
    }

    /** Of one text: without the backslashes of brackets that count as text. */
    private static Conditioning unescaped(Conditioning conditioning) {
        String text = Phrase.shown(conditioning.phrases());
        return conditioning.of(List.of(During.all(new Phrase.Text(PlainText.unescaped(text)))));
    }

    /** Whether each prompt is one text that is read as it stands. */
    boolean isPlain() {
        return isPlain;
    }

    void put(Draft draft) {
        draft.put("prompt", inputs.place(POSITIVE), Phrase.shown(positive.phrases()));
        against.ifPresent(
                negative -> draft.put("negative_prompt", inputs.place(NEGATIVE), Phrase.shown(negative.phrases())));
        if (kind != Kind.FLUX) {
            draft.put(GUIDANCE_SCALE, inputs.place(CFG), scale(against.isPresent() ? inputs.cfg() : 1));
        } else if (ModelFields.takes(card, GUIDANCE_SCALE)) {
            positive.guidance()
                    .ifPresentOrElse(
                            said -> draft.put(
                                    GUIDANCE_SCALE,
                                    new Place(said.id(), "guidance"),
                                    said.number("guidance").doubleValue()),
                            () -> draft.put(GUIDANCE_SCALE, inputs.place(POSITIVE), GUIDANCE));
        }
    }

    /** No node has less than 1. */
    private double scale(double cfg) {
        return CfgScale.own(cfg, card).orElseThrow();
    }
}
