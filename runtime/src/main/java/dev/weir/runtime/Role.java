package dev.weir.runtime;

import dev.weir.proto.v1.StageKind;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** A role of a node. A node may have several. */
public enum Role {
    GATEWAY,
    TEXT_ENCODER,
    DENOISER,
    UPSAMPLER,
    SECOND_UPSAMPLER,
    DECODER;

    /**
     * Parses the name that commands use, such as {@code text-encoder}. Throws an IllegalArgumentException that lists
     * the roles.
     */
    public static Role of(String name) {
        return Arrays.stream(values())
                .filter(role -> role.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no role is named \"%s\"; there are %s"
                        .formatted(
                                name,
                                Arrays.stream(values()).map(Role::toString).collect(Collectors.joining(", ")))));
    }

    /** The stage that the role runs. Empty for the gateway. */
    public Optional<StageKind> stage() {
        return this == GATEWAY ? Optional.empty() : Optional.of(StageKind.valueOf(name()));
    }

    /** Whether its stage runs networks step by step, which takes nearly all of the time. */
    public boolean diffuses() {
        return this == DENOISER || this == UPSAMPLER || this == SECOND_UPSAMPLER;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
