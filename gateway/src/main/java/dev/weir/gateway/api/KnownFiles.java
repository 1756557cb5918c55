package dev.weir.gateway.api;

import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Embedding;
import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.RefusedFile;
import dev.weir.proto.v1.Upscaler;
import java.util.List;
import java.util.function.Function;

/**
 * The files of one kind that requests name beside a model. Immutable.
 *
 * @param noun of the kind in messages
 * @param code the kind's name in error codes
 * @param known those that fit the model
 * @param refused those that do not, and why
 */
record KnownFiles<F>(
        String model, String noun, String code, List<F> known, Function<F, String> name, List<RefusedFile> refused) {

    private static final int SHOWN = 20;
    private static final int LONGEST = 60;

    static KnownFiles<Lora> loras(ModelCard card) {
        return new KnownFiles<>(
                card.getId(), "LoRA", "lora", card.getLorasList(), Lora::getName, card.getRefusedLorasList());
    }

    static KnownFiles<ControlNet> controlNets(ModelCard card) {
        return new KnownFiles<>(
                card.getId(),
                "ControlNet",
                "controlnet",
                card.getControlnetsList(),
                ControlNet::getName,
                card.getRefusedControlnetsList());
    }

    static KnownFiles<IpAdapter> ipAdapters(ModelCard card) {
        return new KnownFiles<>(
                card.getId(),
                "IP-Adapter",
                "ip_adapter",
                card.getIpAdaptersList(),
                IpAdapter::getName,
                card.getRefusedIpAdaptersList());
    }

    static KnownFiles<Upscaler> upscalers(ModelCard card) {
        return new KnownFiles<>(
                card.getId(),
                "upscaler",
                "upscaler",
                card.getUpscalersList(),
                Upscaler::getName,
                card.getRefusedUpscalersList());
    }

    static KnownFiles<Embedding> embeddings(ModelCard card) {
        return new KnownFiles<>(
                card.getId(),
                "embedding",
                "embedding",
                card.getEmbeddingsList(),
                Embedding::getName,
                card.getRefusedEmbeddingsList());
    }

    /** Throws {@link ApiException} that says why there is none of the name, and names the field that has it. */
    F find(Fields fields, String field, String wanted) {
        return known.stream()
                .filter(file -> name.apply(file).equals(wanted))
                .findFirst()
                .orElseThrow(() -> refusal(fields, field, wanted));
    }

    private ApiException refusal(Fields fields, String field, String wanted) {
        return refused.stream()
                .filter(file -> file.getName().equals(wanted))
                .findFirst()
                .map(file -> refusal(fields, field, file))
                .orElseGet(() -> fields.invalid("unknown_" + code, field, unknown(wanted)));
    }

    ApiException refusal(Fields fields, String field, RefusedFile file) {
        return file.getChanging()
                ? new ApiException(
                        ApiError.changing("the %s \"%s\" is being written in its folder; ask again in a moment"
                                .formatted(noun, file.getName())))
                : fields.invalid(
                        "unsuitable_" + code,
                        field,
                        "\"%s\" does not fit the model %s: %s".formatted(file.getName(), model, file.getProblem()));
    }

    private String unknown(String wanted) {
        int more = known.size() - SHOWN;
        String names = String.join(", ", known.stream().limit(SHOWN).map(name).toList());
        return "\"%s\" is no %s that a node has for the model %s; %s"
                .formatted(
                        wanted.length() > LONGEST ? wanted.substring(0, LONGEST) + "…" : wanted,
                        noun,
                        model,
                        known.isEmpty()
                                ? "there are none"
                                : "there are " + names + (more > 0 ? " and %d more".formatted(more) : ""));
    }
}
