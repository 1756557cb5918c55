package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.provider.Arguments;

/** The recorded cases of a file, for tests that run each of them. */
final class ReferenceCases {

    private ReferenceCases() {}

    static Stream<JsonNode> of(String file) {
        return StreamSupport.stream(ReferenceFile.json(file).spliterator(), false);
    }

    /** Each engine with the name of each case, and the case. */
    static Stream<Arguments> onEachEngine(String file) {
        return Stream.of(Engine.values()).flatMap(engine -> of(file).map(
                        json -> Arguments.of(engine, json.get("name").asText(), json)));
    }
}
