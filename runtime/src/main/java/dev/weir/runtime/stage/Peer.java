package dev.weir.runtime.stage;

import java.util.Map;

/**
 * Another node of the same stage, as its status tells: see {@link Load}.
 *
 * @param address where offers to it go
 * @param freeCredits samples that it has room for
 */
public record Peer(String address, double roundSeconds, int rows, Map<String, Double> rowSeconds, int freeCredits) {

    public Peer {
        rowSeconds = Map.copyOf(rowSeconds);
    }
}
