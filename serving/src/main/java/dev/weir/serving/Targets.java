package dev.weir.serving;

import dev.weir.engine.ComputeTarget;
import dev.weir.runtime.stage.Target;

/** The engine's target in the words of the runtime. */
public final class Targets {

    private Targets() {}

    public static Target of(ComputeTarget target) {
        return new Target(
                target.device(),
                target.precisionName(),
                target.engine().toString(),
                target.instructionSet(),
                target.reason());
    }
}
