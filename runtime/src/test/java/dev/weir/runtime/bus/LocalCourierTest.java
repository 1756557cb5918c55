package dev.weir.runtime.bus;

import static dev.weir.runtime.Futures.get;

import io.vertx.core.Vertx;
import org.junit.jupiter.api.AfterEach;

class LocalCourierTest extends CourierContract {

    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void close() throws Exception {
        get(vertx.close());
    }

    @Override
    Vertx sending() {
        return vertx;
    }

    @Override
    Vertx receiving() {
        return vertx;
    }
}
