package dev.weir.gateway.api;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A prompt of Automatic1111's web UI without its extra networks ({@code <lora:NAME:TEXT:UNET>}), and the LoRAs that they name. As there
 * (modules/extra_networks.py, extensions-builtin/Lora): {@code te=} and {@code unet=} name the weights, the weight of the UNet is the
 * text encoders' unless it is given, and a LoRA that is named twice counts twice with its last weights. Immutable.
 */
record PromptLoras(String prompt, List<Use> uses) {

    private static final Pattern EXTRA = Pattern.compile("<(\\w+):([^>]+)>");

    /** @param text the weight in the text encoders */
    record Use(String name, double text, double unet) {

        Use plus(Use other) {
            return new Use(name, text + other.text, unet + other.unet);
        }
    }

    /** Throws IllegalArgumentException that says what Weir does not run, or which weight is no number. */
    static PromptLoras read(String prompt) {
        Map<String, Use> last = new LinkedHashMap<>();
        Map<String, Integer> counts = new LinkedHashMap<>();
        Matcher extra = EXTRA.matcher(prompt);
        while (extra.find()) {
            switch (extra.group(1)) {
                case "lora", "lyco" -> {
                    Use use = use(extra.group(), extra.group(2).split(":", -1));
                    last.put(use.name(), use);
                    counts.merge(use.name(), 1, Integer::sum);
                }
                case "hypernet" -> throw problem(extra.group(), "hypernetworks are not supported");
                default -> {} // Removed without effect, as there.
            }
        }
        List<Use> uses = last.values().stream()
                .map(use -> {
                    int count = counts.get(use.name());
                    return new Use(use.name(), count * use.text(), count * use.unet());
                })
                .toList();
        return new PromptLoras(EXTRA.matcher(prompt).replaceAll(""), uses);
    }

    private static Use use(String tag, String[] items) {
        String[] positional = new String[3];
        int count = 0;
        Map<String, String> named = new LinkedHashMap<>();
        for (String item : items) {
            int equals = item.indexOf('=');
            // As there, an item with two equals signs is not a named one.
            if (equals >= 0 && item.indexOf('=', equals + 1) < 0) {
                named.put(item.substring(0, equals), item.substring(equals + 1));
            } else if (count == positional.length) {
                throw problem(tag, "DyLoRA's dimensions are not supported");
            } else {
                positional[count++] = item;
            }
        }
        if (named.containsKey("dyn")) {
            throw problem(tag, "DyLoRA's dimensions are not supported");
        }
        if (count == 0 || positional[0].isBlank()) {
            throw problem(tag, "the name is missing");
        }
        double text = weight(tag, named.getOrDefault("te", positional[1]), 1);
        double unet = weight(tag, named.getOrDefault("unet", positional[2]), text);
        return new Use(positional[0], text, unet);
    }

    private static double weight(String tag, String item, double otherwise) {
        if (item == null) {
            return otherwise;
        }
        try {
            return Double.parseDouble(item);
        } catch (NumberFormatException e) {
            throw problem(tag, "\"%s\" is not a number".formatted(item));
        }
    }

    private static IllegalArgumentException problem(String tag, String what) {
        return new IllegalArgumentException(
                "has %s: %s".formatted(tag.length() > 60 ? tag.substring(0, 60) + "…" : tag, what));
    }
}
