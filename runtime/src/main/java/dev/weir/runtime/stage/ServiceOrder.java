package dev.weir.runtime.stage;

import dev.weir.proto.v1.Priority;

/** Rules by which stages order the samples that they hold, and which gateways follow when they foretell waits. */
public final class ServiceOrder {

    /** A class that was passed over for so many of its own full forward passes goes first in the next one. */
    public static final int AGEING = 15;

    /** A sample lets shorter ones go first that arrive within this many times what is left of its work. */
    public static final int YIELDING = 4;

    private ServiceOrder() {}

    /** The place of a class: 0 goes first. */
    public static int rank(Priority priority) {
        return switch (priority) {
            case INTERACTIVE -> 0;
            case BATCH -> 2;
            default -> 1;
        };
    }
}
