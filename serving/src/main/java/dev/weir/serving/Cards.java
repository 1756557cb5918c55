package dev.weir.serving;

import dev.weir.engine.ModelCard;
import dev.weir.engine.sampler.Samplers;
import java.util.stream.Collectors;

/** Converts a model's card to the form in a node's status. */
public final class Cards {

    private static final int MAX_STEPS = 250;

    private Cards() {}

    public static dev.weir.proto.v1.ModelCard toProto(ModelCard card) {
        var extraCalls = card.samplers().stream()
                .filter(sampler -> Samplers.calls(sampler).extra() > 0)
                .collect(Collectors.toMap(
                        sampler -> sampler, sampler -> Samplers.calls(sampler).extra()));
        return dev.weir.proto.v1.ModelCard.newBuilder()
                .setId(card.id())
                .setLatentChannels(card.latentChannels())
                .setScale(card.scale())
                .setNativeSize(card.nativeSize())
                .setSizeMultiple(card.sizeMultiple())
                .setMinSize(card.minSize())
                .setMaxSize(card.maxSize())
                .setUpsampleFactor(card.upsampleFactor())
                .addAllSamplers(card.samplers())
                .putAllExtraCalls(extraCalls)
                .setDefaultSteps(card.defaults().steps())
                .setDefaultGuidanceScale(card.defaults().guidanceScale())
                .setDefaultSampler(card.defaults().sampler())
                .setDefaultUpsamplerSteps(card.defaults().upsamplerSteps())
                .setMaxSteps(MAX_STEPS)
                .build();
    }
}
