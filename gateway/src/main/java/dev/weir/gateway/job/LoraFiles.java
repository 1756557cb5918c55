package dev.weir.gateway.job;

import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The LoRA files that the nodes of a model have together. Stateless. */
final class LoraFiles {

    private LoraFiles() {}

    /** A card with the LoRAs of all nodes. If nodes have different files of one name, the file of the most nodes counts. */
    static ModelCard ofAll(ModelCard card, List<NodeStatus> nodes) {
        Map<String, Map<Lora, Integer>> byName = new TreeMap<>();
        nodes.stream()
                .flatMap(node -> node.getModelsList().stream())
                .filter(model ->
                        model.getId().equals(card.getId()) && model.getProblem().isEmpty())
                .map(ModelStatus::getCard)
                .flatMap(other -> other.getLorasList().stream())
                .forEach(lora -> byName.computeIfAbsent(lora.getName(), name -> new HashMap<>())
                        .merge(lora, 1, Integer::sum));
        ModelCard.Builder all = card.toBuilder().clearLoras();
        byName.values().forEach(files -> all.addLoras(mostCommon(files)));
        return all.build();
    }

    private static Lora mostCommon(Map<Lora, Integer> files) {
        return files.entrySet().stream()
                .max(Map.Entry.<Lora, Integer>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.comparing(Lora::getFingerprint))))
                .orElseThrow()
                .getKey();
    }
}
