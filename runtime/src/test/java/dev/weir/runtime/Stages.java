package dev.weir.runtime;

import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.runtime.bus.Addresses;

/** Stages of routes, named as the kinds of nodes that run them. */
public final class Stages {

    private Stages() {}

    /** A stage that takes and gives the tensor "x". */
    public static Stage of(StageKind kind, int steps) {
        StageRole role =
                switch (kind) {
                    case TEXT_ENCODER -> StageRole.ENCODE;
                    case DECODER -> StageRole.DECODE;
                    default -> StageRole.DIFFUSE;
                };
        return Stage.newBuilder()
                .setName(Addresses.name(kind))
                .setRole(role)
                .setForwards(role == StageRole.DIFFUSE ? steps : 1)
                .addTakes("x")
                .addGives("x")
                .build();
    }
}
