package dev.weir.engine.adapter;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a tensor in a LoRA file, taken apart.
 *
 * @param module the layer, as the file calls it
 * @param role what the tensor is to the layer, such as {@code down}, {@code alpha} or {@code hada_w1_a}
 */
record LoraKey(String module, String role) {

    static final String DOWN = "down";
    static final String UP = "up";
    static final String MID = "mid";
    static final String ALPHA = "alpha";
    static final String DORA = "dora_scale";
    static final String BIAS = "lora_bias";

    private static final Map<String, String> SUFFIXES = Map.ofEntries(
            Map.entry(".lora_down.weight", DOWN),
            Map.entry(".lora_up.weight", UP),
            Map.entry(".lora_mid.weight", MID),
            Map.entry(".lora.down.weight", DOWN),
            Map.entry(".lora.up.weight", UP),
            Map.entry("_lora.down.weight", DOWN),
            Map.entry("_lora.up.weight", UP),
            Map.entry(".lora_linear_layer.down.weight", DOWN),
            Map.entry(".lora_linear_layer.up.weight", UP),
            Map.entry(".alpha", ALPHA),
            Map.entry(".dora_scale", DORA),
            Map.entry(".lora_magnitude_vector", DORA));

    /** With the adapter's name, which peft may add. */
    private static final Pattern PEFT =
            Pattern.compile("(.+)\\.lora_(A|B|magnitude_vector)(?:\\.[^.]+)??(?:\\.(weight|bias))?");

    /** Of LoRAs for Flux.1 by XLabs, which number those of the picture and of the text. */
    private static final Pattern XLABS = Pattern.compile("(.+_lora[12])\\.(down|up)\\.weight");

    /** LyCORIS writes the role as the last part of the name, and so do its kinds that Weir does not read. */
    private static final Pattern LYCORIS = Pattern.compile(
            "(.+)\\.(hada_(?:w[12]_[ab]|t[12])|lokr_(?:w[12](?:_[ab])?|t2)|diff|diff_b|w_norm|b_norm|oft_\\w+|[abc][12]\\.weight)");

    /** Empty where the name is of no form that is known. */
    static Optional<LoraKey> of(String tensor) {
        for (var suffix : SUFFIXES.entrySet()) {
            if (tensor.endsWith(suffix.getKey())) {
                var module =
                        tensor.substring(0, tensor.length() - suffix.getKey().length());
                return Optional.of(new LoraKey(module, suffix.getValue()));
            }
        }
        var peft = PEFT.matcher(tensor);
        if (peft.matches()) {
            var side = peft.group(2);
            var role = side.equals("A") ? DOWN : side.equals("B") ? UP : DORA;
            return Optional.of(new LoraKey(peft.group(1), "bias".equals(peft.group(3)) ? BIAS : role));
        }
        var xlabs = XLABS.matcher(tensor);
        if (xlabs.matches()) {
            return Optional.of(new LoraKey(xlabs.group(1), xlabs.group(2)));
        }
        var lycoris = LYCORIS.matcher(tensor);
        return lycoris.matches() ? Optional.of(new LoraKey(lycoris.group(1), lycoris.group(2))) : Optional.empty();
    }
}
