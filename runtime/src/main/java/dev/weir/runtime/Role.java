package dev.weir.runtime;

import dev.weir.proto.v1.StageKind;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a node can be; one may be several. */
public enum Role {
    GATEWAY,
    TEXT_ENCODER,
    DENOISER,
    UPSAMPLER,
    DECODER;

    /** As commands have it: {@code text-encoder}. Throws IllegalArgumentException that lists the roles there are. */
    public static Role of(String name) {
        return Arrays.stream(values())
                .filter(role -> role.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no role is named \"%s\"; there are %s"
                        .formatted(
                                name,
                                Arrays.stream(values()).map(Role::toString).collect(Collectors.joining(", ")))));
    }

    /** The stage that the role runs; none for the gateway. */
    public Optional<StageKind> stage() {
        return this == GATEWAY ? Optional.empty() : Optional.of(StageKind.valueOf(name()));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
