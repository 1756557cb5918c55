package dev.weir.runtime.memory;

import io.vertx.core.Vertx;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** The memory of a node without a cluster: on its heap, lost with its process. Any thread. */
public final class LocalMemory implements ClusterMemory {

    private static final long SWEEP_MS = 500;

    private final Map<MemoryArea, LocalMap> maps = new EnumMap<>(MemoryArea.class);

    public LocalMemory(Vertx vertx) {
        this(vertx, System::nanoTime);
    }

    LocalMemory(Vertx vertx, LongSupplier nanoClock) {
        for (MemoryArea area : MemoryArea.values()) {
            maps.put(area, new LocalMap(vertx, area.megabytes() * (1L << 20), nanoClock));
        }
        vertx.setPeriodic(SWEEP_MS, timer -> maps.values().forEach(LocalMap::sweep));
    }

    @Override
    public MemoryMap map(MemoryArea area) {
        return maps.get(area);
    }

    @Override
    public String view() {
        return "";
    }

    @Override
    public String member() {
        return "";
    }

    @Override
    public boolean isMember(String member) {
        return true;
    }

    @Override
    public boolean isShared() {
        return false;
    }

    @Override
    public boolean isAlone() {
        return true;
    }
}
