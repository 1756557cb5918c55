package dev.weir.engine.control;

import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/** Which kinds of networks steer some rows, or may steer those of a model. */
public enum Steering {
    NONE(false, false),
    NETS(true, false),
    ADAPTERS(false, true),
    BOTH(true, true);

    private final boolean nets;
    private final boolean adapters;

    Steering(boolean nets, boolean adapters) {
        this.nets = nets;
        this.adapters = adapters;
    }

    /** The kinds of some ControlNets and T2I-Adapters. */
    public static Steering of(Collection<ControlNet> steering) {
        boolean hasAdapters = steering.stream().anyMatch(ControlNet::isT2iAdapter);
        boolean hasNets = steering.stream().anyMatch(net -> !net.isT2iAdapter());
        if (hasNets) {
            return hasAdapters ? BOTH : NETS;
        }
        return hasAdapters ? ADAPTERS : NONE;
    }

    public boolean hasNets() {
        return nets;
    }

    public boolean hasAdapters() {
        return adapters;
    }

    /** The kinds that may steer rows of one forward, if these are all that there are. */
    public List<Steering> parts() {
        return Stream.of(values())
                .filter(part -> (nets || !part.nets) && (adapters || !part.adapters))
                .toList();
    }
}
