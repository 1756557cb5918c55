package dev.weir.gateway.comfyui;

import dev.weir.gateway.comfyui.Value.LoraUse;
import dev.weir.gateway.comfyui.Value.Place;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The LoRAs of a model and of its CLIP, whose weights may differ. Stateless. */
final class LoraUses {

    private LoraUses() {}

    /** @param place of messages about all of them */
    static void put(Draft draft, Place place, List<LoraUse> ofModel, List<LoraUse> ofClip) {
        Map<String, Map<String, Object>> uses = new LinkedHashMap<>();
        Map<String, Node> nodes = new HashMap<>();
        ofModel.forEach(use -> add(uses, nodes, use, "weight"));
        ofClip.forEach(use -> add(uses, nodes, use, "text_weight"));
        uses.values()
                .removeIf(use ->
                        use.get("weight").equals(0.0) && use.get("text_weight").equals(0.0));
        if (!uses.isEmpty()) {
            draft.put("loras", place, List.copyOf(uses.values()));
        }
        List<String> names = List.copyOf(uses.keySet());
        for (int i = 0; i < names.size(); i++) {
            String id = nodes.get(names.get(i)).id();
            String path = "loras[%d].".formatted(i);
            draft.places().put(path + "name", new Place(id, "lora_name"));
            draft.places().put(path + "weight", new Place(id, "strength_model"));
            draft.places().put(path + "text_weight", new Place(id, "strength_clip"));
        }
    }

    private static void add(Map<String, Map<String, Object>> uses, Map<String, Node> nodes, LoraUse use, String key) {
        nodes.putIfAbsent(use.name(), use.node());
        Map<String, Object> entry = uses.computeIfAbsent(
                use.name(), name -> new LinkedHashMap<>(Map.of("name", name, "weight", 0.0, "text_weight", 0.0)));
        entry.merge(key, use.weight(), (one, other) -> (Double) one + (Double) other);
    }
}
