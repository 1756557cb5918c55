package dev.weir.engine.control;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
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
    public static Steering of(Stream<ControlNet> steering) {
        Set<Boolean> kinds = steering.map(ControlNet::isT2iAdapter).collect(Collectors.toSet());
        return Stream.of(values())
                .filter(one -> one.nets == kinds.contains(false) && one.adapters == kinds.contains(true))
                .findFirst()
                .orElseThrow();
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
