package dev.weir.gateway.comfyui;

import dev.weir.gateway.comfyui.Value.Place;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The fields of a request that a sampler becomes, and where messages about them belong in the graph. Confined to one compilation.
 *
 * @param places by field
 */
record Draft(Map<String, Object> fields, Map<String, Place> places) {

    Draft() {
        this(new LinkedHashMap<>(), new HashMap<>());
    }

    void put(String field, Place place, Object value) {
        fields.put(field, value);
        places.put(field, place);
    }
}
