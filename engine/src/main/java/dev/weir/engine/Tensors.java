package dev.weir.engine;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Tensors by name: what an encoder gives for one prompt, or what a denoiser takes for one row besides its sample and timestep.
 * The names are those of diffusers. Immutable.
 */
public record Tensors(Map<String, HostTensor> byName) {

    public static final Tensors NONE = new Tensors(Map.of());

    /** The states of a prompt that a denoiser attends to, {@code [tokens, width]}. */
    public static final String ENCODER_HIDDEN_STATES = "encoder_hidden_states";

    /** What CLIP sees in a picture, {@code [width]}. */
    public static final String IMAGE_EMBEDS = "image_embeds";

    /** 1 where there is no picture, and a learned embedding stands in the place of its own; else 0. */
    public static final String IMAGE_ABSENT = "image_absent";

    /** The class or noise level of a sample: a whole number, or an embedding {@code [width]}. */
    public static final String CLASS_LABELS = "class_labels";

    /** Channels beside the sample's own, {@code [channels, height, width]}: a low-resolution latent, a mask. */
    public static final String CONCAT = "concat";

    /** An embedding beside the timestep's, {@code [width]}: of the guidance scale in few-step models. */
    public static final String TIMESTEP_COND = "timestep_cond";

    /** By how much a classifier's gradient guides a step, {@code [1]}; 0: not at all. */
    public static final String CLASSIFIER_SCALE = "classifier_scale";

    /** Keeps the order of the names. */
    public Tensors {
        byName = Collections.unmodifiableMap(new LinkedHashMap<>(byName));
    }

    public static Tensors of(String name, HostTensor tensor) {
        return new Tensors(Map.of(name, tensor));
    }

    public boolean has(String name) {
        return byName.containsKey(name);
    }

    public Optional<HostTensor> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /** Throws an IllegalArgumentException that names the tensor if there is none. */
    public HostTensor get(String name) {
        return find(name)
                .orElseThrow(() ->
                        new IllegalArgumentException("%s is missing; there are %s".formatted(name, byName.keySet())));
    }

    /** These and one more, which replaces one of the same name. */
    public Tensors with(String name, HostTensor tensor) {
        return with(of(name, tensor));
    }

    /** These and others, which replace those of the same names. */
    public Tensors with(Tensors others) {
        var all = new LinkedHashMap<>(byName);
        all.putAll(others.byName);
        return new Tensors(all);
    }

    /** The same under names that begin with a prefix. */
    public Tensors under(String prefix) {
        var named = new LinkedHashMap<String, HostTensor>();
        byName.forEach((name, tensor) -> named.put(prefix + name, tensor));
        return new Tensors(named);
    }

    /** Those whose names begin with a prefix, without it. */
    public Tensors in(String prefix) {
        var own = new LinkedHashMap<String, HostTensor>();
        byName.forEach((name, tensor) -> {
            if (name.startsWith(prefix)) {
                own.put(name.substring(prefix.length()), tensor);
            }
        });
        return new Tensors(own);
    }

    /** Those that a network takes. */
    public Tensors only(List<NetworkInput> taken) {
        var names = taken.stream().map(NetworkInput::name).collect(Collectors.toSet());
        var own = new LinkedHashMap<>(byName);
        own.keySet().retainAll(names);
        return new Tensors(own);
    }

    /** Zeros of the same shapes under the same names. */
    public Tensors zeros() {
        var zeros = new LinkedHashMap<String, HostTensor>();
        byName.forEach(
                (name, tensor) -> zeros.put(name, new HostTensor(tensor.shape(), new float[tensor.values().length])));
        return new Tensors(zeros);
    }

    public boolean isFinite() {
        return byName.values().stream().allMatch(HostTensor::isFinite);
    }

    /** How many numbers they hold together. */
    public long size() {
        return byName.values().stream()
                .mapToLong(tensor -> tensor.values().length)
                .sum();
    }
}
