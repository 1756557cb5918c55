package dev.weir.runtime.memory;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LocalMemoryTest extends MemoryContract {

    private final Vertx vertx = Vertx.vertx();
    private final LocalMemory memory = new LocalMemory(vertx);

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    @Test
    void whereSizeIsBoundedTheLeastRecentlyUsedGoesFirst() throws Exception {
        MemoryMap map = new LocalMap(vertx, 3000, System::nanoTime);
        Duration life = Duration.ofMinutes(1);
        get(map.put("a", new byte[1000], life));
        get(map.put("b", new byte[1000], life));
        get(map.put("c", new byte[1000], life));
        get(map.get("a"));

        get(map.put("d", new byte[1500], life));

        assertThat(get(map.keys())).containsExactlyInAnyOrder("a", "d");
    }

    @Override
    ClusterMemory here() {
        return memory;
    }

    @Override
    ClusterMemory there() {
        return memory;
    }

    @Override
    Vertx vertx() {
        return vertx;
    }
}
