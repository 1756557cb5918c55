package dev.weir.runtime.bus;

import dev.weir.proto.v1.StageKind;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The addresses on the bus: one for each stage of each node, one for each gateway, and three shared ones. */
public final class Addresses {

    /** Where stages publish their status. */
    public static final String STATUS = "weir.status";

    /** Where gateways publish cancellations. */
    public static final String CANCEL = "weir.cancel";

    /** Where gateways publish their status. */
    public static final String GATEWAYS = "weir.gateways";

    private static final Set<String> SHARED = Set.of(STATUS, CANCEL, GATEWAYS);

    private Addresses() {}

    /**
     * The node that alone listens at an address: the last part of it, without the number of a unit. Empty: it is a shared one.
     */
    public static Optional<String> node(String address) {
        if (SHARED.contains(address)) {
            return Optional.empty();
        }
        String last = address.substring(address.lastIndexOf('.') + 1);
        int unit = last.indexOf('-');
        return Optional.of(unit < 0 ? last : last.substring(0, unit));
    }

    public static String stage(StageKind stage, String nodeId) {
        return "weir." + name(stage) + "." + nodeId;
    }

    public static String gateway(String nodeId) {
        return "weir.gateway." + nodeId;
    }

    /** The stage's name in commands, metrics and addresses, such as {@code text-encoder}. */
    public static String name(StageKind stage) {
        return stage.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
