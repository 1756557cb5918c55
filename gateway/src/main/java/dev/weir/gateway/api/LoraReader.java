package dev.weir.gateway.api;

import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads which LoRAs a request names, among those that nodes have for its model. Stateless. */
final class LoraReader {

    static final int MOST = 8;
    static final double MAX_WEIGHT = 10;

    private static final String LORAS = "loras";

    private LoraReader() {}

    static List<Lora> read(Fields fields, ModelCard card) {
        Map<String, Lora> named = new LinkedHashMap<>();
        for (Fields use : fields.objects(LORAS, MOST)) {
            use.allowOnly(Set.of("name", "weight"));
            String name = use.text("name").orElseThrow(() -> use.missing("name"));
            double weight = use.real("weight", -MAX_WEIGHT, MAX_WEIGHT).orElse(1.0);
            Lora file = card.getLorasList().stream()
                    .filter(known -> known.getName().equals(name))
                    .findFirst()
                    .orElseThrow(() -> use.invalid(
                            "unknown_lora",
                            "name",
                            KnownNames.refusal(
                                    "LoRA",
                                    name,
                                    card.getId(),
                                    card.getLorasList().stream()
                                            .map(Lora::getName)
                                            .toList())));
            if (named.put(name, file.toBuilder().setWeight((float) weight).build()) != null) {
                throw use.invalid("invalid_value", "name", "\"%s\" is named twice".formatted(name));
            }
        }
        return List.copyOf(named.values());
    }
}
