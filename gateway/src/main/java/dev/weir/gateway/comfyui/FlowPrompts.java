package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ModelFields;
import dev.weir.gateway.comfyui.Value.Conditioning;
import dev.weir.gateway.comfyui.Value.Place;
import dev.weir.proto.v1.ModelCard;
import java.util.Optional;

/**
 * The prompts and the guidance of a sampler of a rectified flow. Its text encoders read texts as they stand. Confined to one compilation.
 */
final class FlowPrompts {

    private static final String GUIDANCE_SCALE = "guidance_scale";
    /** What ComfyUI tells a network that takes a scale where no node says one. */
    private static final double GUIDANCE = 3.5;

    private final SamplerInputs inputs;
    private final ModelCard card;

    FlowPrompts(SamplerInputs inputs, ModelCard card) {
        this.inputs = inputs;
        this.card = card;
    }

    /** Throws {@link RefusedNodeException}. @param compared the negative prompt, where there is guidance */
    void put(Draft draft, Conditioning positive, Optional<Conditioning> compared) {
        draft.put("prompt", inputs.place(SamplerInputs.POSITIVE), text(SamplerInputs.POSITIVE, positive));
        if (compared.isPresent() && Flow.embedsGuidance(card)) {
            throw inputs.refused(SamplerInputs.CFG, "must be 1: %s takes no negative prompt".formatted(card.getId()));
        }
        compared.ifPresent(negative -> {
            Sampling.requireSameClip(inputs, positive, negative);
            draft.put("negative_prompt", inputs.place(SamplerInputs.NEGATIVE), text(SamplerInputs.NEGATIVE, negative));
        });
        if (!Flow.embedsGuidance(card)) {
            draft.put(GUIDANCE_SCALE, inputs.place(SamplerInputs.CFG), inputs.cfg());
        } else if (ModelFields.takes(card, GUIDANCE_SCALE)) {
            positive.guidance()
                    .ifPresentOrElse(
                            said -> draft.put(
                                    GUIDANCE_SCALE,
                                    new Place(said.id(), "guidance"),
                                    said.number("guidance").doubleValue()),
                            () -> draft.put(GUIDANCE_SCALE, inputs.place(SamplerInputs.POSITIVE), GUIDANCE));
        }
    }

    /** Without the backslashes of brackets that count as text. */
    private String text(String input, Conditioning conditioning) {
        require(input, !conditioning.isZero(), "zeros are not computed for " + card.getId());
        require(input, Phrase.isOneText(conditioning.phrases()), "%s takes one text".formatted(card.getId()));
        require(input, conditioning.clip().lastLayer() == 0, "the layer of CLIP is %s's own".formatted(card.getId()));
        require(input, conditioning.sizes().isEmpty(), "is encoded for SDXL, which %s is not".formatted(card.getId()));
        require(input, conditioning.controls().isEmpty(), "ControlNets do not steer " + card.getId());
        String text = Phrase.shown(conditioning.phrases());
        String rest = text.replace("\\)", "").replace("\\(", "");
        require(
                input,
                rest.indexOf('(') < 0 || rest.lastIndexOf(')') < rest.indexOf('('),
                "has weights in brackets, which are not computed for %s; brackets that are text are written \\( and \\)"
                        .formatted(card.getId()));
        require(input, !text.contains("embedding:"), "has embeddings, and %s takes none".formatted(card.getId()));
        return text.replace("\\)", ")").replace("\\(", "(");
    }

    private void require(String input, boolean holds, String problem) {
        if (!holds) {
            throw inputs.refused(input, problem);
        }
    }
}
