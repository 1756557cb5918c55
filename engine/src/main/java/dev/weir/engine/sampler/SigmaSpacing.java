package dev.weir.engine.sampler;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** How the noise levels of a run lie between the largest and the smallest: the {@code schedule} of a request. */
public enum SigmaSpacing {
    /** At the run's timesteps. */
    NORMAL(""),
    /** Karras et al. 2022 (arXiv 2206.00364), equation 5. */
    KARRAS("use_karras_sigmas"),
    /** Evenly in their logarithm. */
    EXPONENTIAL("use_exponential_sigmas"),
    /** By the quantiles of a beta distribution: Lee et al. 2024 (arXiv 2407.12173). */
    BETA("use_beta_sigmas"),
    /** Evenly in their logarithm between the ends of the training schedule: Lu et al. 2022 (arXiv 2206.00927). */
    LU("use_lu_lambdas"),
    // ComfyUI's schedulers. No file names them.
    COMFYUI_SIMPLE,
    COMFYUI_SGM_UNIFORM,
    COMFYUI_KARRAS,
    COMFYUI_EXPONENTIAL,
    COMFYUI_DDIM_UNIFORM,
    COMFYUI_BETA,
    COMFYUI_NORMAL,
    COMFYUI_LINEAR_QUADRATIC,
    COMFYUI_KL_OPTIMAL;

    private static final String COMFYUI = "comfyui_";
    /** Those of ComfyUI: the levels, and the timesteps that the network is told of them. */
    static final List<SigmaSpacing> OF_COMFYUI =
            Arrays.stream(values()).filter(SigmaSpacing::isOfComfyui).toList();

    /** Those that a key chooses. */
    private static final List<SigmaSpacing> FLAGGED = Stream.concat(
                    Stream.of(KARRAS, LU, EXPONENTIAL, BETA), OF_COMFYUI.stream())
            .toList();

    private final String key;

    SigmaSpacing(String key) {
        this.key = key;
    }

    /** A key that only requests have. */
    SigmaSpacing() {
        this.key = "_" + schedule();
    }

    boolean isOfComfyui() {
        return schedule().startsWith(COMFYUI);
    }

    /** All of ComfyUI's, and others. */
    static SigmaSpacing[] comfyuiAnd(SigmaSpacing... others) {
        return Stream.concat(Arrays.stream(others), OF_COMFYUI.stream()).toArray(SigmaSpacing[]::new);
    }

    /** As requests name it: {@code karras}. */
    public String schedule() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Throws {@link IllegalArgumentException} that lists the names where there is none such. */
    public static SigmaSpacing named(String schedule) {
        return Arrays.stream(values())
                .filter(spacing -> spacing.schedule().equals(schedule))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown schedule %s; known: %s"
                        .formatted(
                                schedule,
                                String.join(
                                        ", ",
                                        Arrays.stream(values())
                                                .map(SigmaSpacing::schedule)
                                                .toList()))));
    }

    /** The keys of a file that choose this one and no other. */
    Map<String, Object> decided() {
        Map<String, Object> keys = new TreeMap<>();
        FLAGGED.forEach(spacing -> keys.put(spacing.key, spacing == this));
        return keys;
    }

    /** Whether some of these keys choose a schedule. */
    static boolean isChosen(Map<String, JsonNode> keys) {
        return FLAGGED.stream()
                .anyMatch(spacing ->
                        keys.containsKey(spacing.key) && keys.get(spacing.key).booleanValue());
    }

    /** What the flags of a file choose; in diffusers, two of them exclude each other. */
    static SigmaSpacing read(SchedulerKeys keys, SigmaSpacing... own) {
        Optional<SigmaSpacing> chosen = Optional.empty();
        for (SigmaSpacing spacing : FLAGGED) {
            if (Arrays.asList(own).contains(spacing) && keys.flag(spacing.key, false)) {
                if (chosen.isPresent() && chosen.get() != LU && spacing != LU) {
                    throw keys.wrong(spacing.key, "true beside " + chosen.get().key);
                }
                chosen = chosen.or(() -> Optional.of(spacing));
            }
        }
        return chosen.orElse(NORMAL);
    }
}
