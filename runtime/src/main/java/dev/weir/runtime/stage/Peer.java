package dev.weir.runtime.stage;

import java.util.Map;

/**
 * Another node of the same stage, according to its status: see {@link Load}.
 *
 * @param address for offers
 * @param freeCredits the number of samples that it has room for
 */
public record Peer(String address, double roundSeconds, int rows, Map<String, Double> rowSeconds, int freeCredits) {

    public Peer {
        rowSeconds = Map.copyOf(rowSeconds);
    }
}
