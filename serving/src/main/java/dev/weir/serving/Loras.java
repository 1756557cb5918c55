package dev.weir.serving;

import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Warning;
import java.util.List;
import java.util.Map;

/** The LoRAs that a request names, among those that a node has. Stateless; any thread. */
public final class Loras {

    private Loras() {}

    /**
     * Those that change a stage, in the request's order.
     *
     * @param known the node's, by name
     * @throws dev.weir.engine.ModelException that names one that the node does not have as the request means it
     */
    public static List<WeightedLora> of(Generation generation, String stage, Map<String, Lora> known) {
        return generation.getLorasList().stream()
                .filter(named -> named.getStagesList().contains(stage))
                .map(named -> new WeightedLora(find(named, known), named.getWeight()))
                .toList();
    }

    /** A warning about each of which the model has only a part. Stages of one job may say the same. */
    public static List<Warning> warnings(List<WeightedLora> loras) {
        return loras.stream()
                .map(WeightedLora::lora)
                .filter(lora -> !lora.warning().isEmpty())
                .map(lora -> Warning.newBuilder()
                        .setCode("lora_partly_used")
                        .setMessage("Only a part of a LoRA is used: " + lora.warning())
                        .setParam("loras." + lora.name())
                        .build())
                .toList();
    }

    private static Lora find(dev.weir.proto.v1.Lora named, Map<String, Lora> known) {
        return FilesHere.find(known, Lora::fingerprint, "LoRA", named.getName(), named.getFingerprint());
    }
}
