package dev.weir.engine;

import dev.weir.engine.adapter.LoraReport;
import dev.weir.engine.network.Upscalers;
import dev.weir.engine.original.T2iAdapterNaming;
import dev.weir.engine.weights.Weights;
import java.util.Optional;
import java.util.Set;

/** What a file is that requests name beside a model: told by its tensors' names. */
enum AddOnKind {
    LORA("a LoRA", "Give its folder as --lora-dir, and name it in requests"),
    CONTROLNET("a ControlNet", "Give the folder that it lies in as --controlnet-dir, and name it in requests"),
    T2I_ADAPTER("a T2I-Adapter", "Give the folder that it lies in as --controlnet-dir, and name it in requests"),
    IP_ADAPTER(
            "an IP-Adapter",
            "Give its folder as --ip-adapter-dir, together with its image_encoder, and name it in requests"),
    EMBEDDING("a textual inversion", "Give its folder as --embedding-dir, and name it in prompts"),
    UPSCALER(
            "an upscaler",
            "Use it with: weir upscale PICTURE --upscaler FILE, or give its folder as --upscaler-dir, and name it in"
                    + " requests");

    /** The tensors of a textual inversion for two encoders. Others have one. */
    private static final Set<String> OF_SDXL = Set.of("clip_l", "clip_g");

    private final String form;
    private final String advice;

    AddOnKind(String form, String advice) {
        this.form = form;
        this.advice = advice;
    }

    String form() {
        return form;
    }

    String advice() {
        return advice;
    }

    Refusal refusal() {
        return new Refusal(form, advice);
    }

    /** Empty for a file of another kind. */
    static Optional<AddOnKind> of(Weights file) {
        Set<String> names = file.names();
        if (LoraReport.isLora(names)) {
            return Optional.of(LORA);
        }
        if (any(names, "control_model.") || any(names, "controlnet_")) {
            return Optional.of(CONTROLNET);
        }
        if (T2iAdapterNaming.isOf(file) || any(names, "adapter.body.")) {
            return Optional.of(T2I_ADAPTER);
        }
        if (any(names, "ip_adapter.") || any(names, "image_proj.")) {
            return Optional.of(IP_ADAPTER);
        }
        if (Upscalers.areIn(file)) {
            return Optional.of(UPSCALER);
        }
        return isEmbedding(file) ? Optional.of(EMBEDDING) : Optional.empty();
    }

    private static boolean isEmbedding(Weights file) {
        Set<String> names = file.names();
        return (names.size() == 1 || names.equals(OF_SDXL))
                && names.stream()
                        .allMatch(name -> !name.contains(".") && file.info(name).shape().length <= 2);
    }

    /** By the class in the configuration of a diffusers folder. */
    static Optional<AddOnKind> ofClass(String name) {
        if (name.contains("ControlNet")) {
            return Optional.of(CONTROLNET);
        }
        return name.equals("T2IAdapter") ? Optional.of(T2I_ADAPTER) : Optional.empty();
    }

    private static boolean any(Set<String> names, String prefix) {
        return names.stream().anyMatch(name -> name.startsWith(prefix));
    }
}
