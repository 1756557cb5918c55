package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the gateway to the contract that it serves. */
final class ContractTest {

    private static final JsonObject VALID = new JsonObject().put("prompt", "an apple");

    private static TestGateway gateway;
    private static JsonObject contract;
    private static JsonObject schemas;

    @BeforeAll
    static void open() {
        gateway = new TestGateway();
        PointCloudsTest.serve(gateway);
        contract = new JsonObject(gateway.fetch("/openapi.json").body());
        schemas = contract.getJsonObject("components").getJsonObject("schemas");
    }

    @AfterAll
    static void close() {
        gateway.close();
    }

    @Test
    void everyPathAndMethodOfTheContractIsServedAndNoOther() {
        for (Map.Entry<String, Object> path : contract.getJsonObject("paths")) {
            Set<String> methods = ((JsonObject) path.getValue()).fieldNames();
            String uri = path.getKey().replaceAll("\\{[^}]*}", "0");
            for (String method : Set.of("get", "post", "delete", "put")) {
                HttpResponse<String> response = gateway.send(gateway.request(uri)
                        .method(method.toUpperCase(java.util.Locale.ROOT), BodyPublishers.noBody())
                        .build());

                assertThat(response.statusCode() == 405).as(method + " " + uri).isEqualTo(!methods.contains(method));
            }
        }
    }

    @Test
    void theFieldsOfARequestAreThoseOfTheContract() {
        Set<String> fields = new TreeSet<>();
        for (String schema : new String[] {"Generation", "ImagesRequest"}) {
            fields.addAll(
                    schemas.getJsonObject(schema).getJsonObject("properties").fieldNames());
        }

        String message = post(VALID.copy().put("no_such_field", 1)).getString("message");

        assertThat(message).endsWith("known are " + String.join(", ", fields));
    }

    @Test
    void theNumbersOfTheContractAreTheBoundsOfTheGateway() {
        JsonObject generation = schemas.getJsonObject("Generation").getJsonObject("properties");
        for (Map.Entry<String, Object> property : generation) {
            JsonObject schema = (JsonObject) property.getValue();
            for (String bound : new String[] {"minimum", "maximum"}) {
                if (schema.containsKey(bound)) {
                    Number limit = schema.getNumber(bound);
                    int away = bound.equals("minimum") ? -1 : 1;
                    Number past =
                            limit instanceof Double ? limit.doubleValue() + away * 0.01 : limit.longValue() + away;

                    expectFault(property.getKey(), past, "out_of_range");
                    expectNoFault(property.getKey(), limit);
                }
            }
            if (schema.containsKey("maxLength")) {
                int limit = schema.getInteger("maxLength");

                expectFault(property.getKey(), "x".repeat(limit + 1), "string_too_long");
                expectNoFault(property.getKey(), "x".repeat(limit));
            }
        }
    }

    @Test
    void theChoicesOfTheContractAreThoseOfTheGateway() {
        JsonObject generation = schemas.getJsonObject("Generation").getJsonObject("properties");
        for (Map.Entry<String, Object> property : generation) {
            JsonArray choices = ((JsonObject) property.getValue()).getJsonArray("enum");
            if (choices != null) {
                choices.forEach(choice -> expectNoFault(property.getKey(), choice));
                expectFault(property.getKey(), "something else", "invalid_value");
            }
        }
    }

    private static void expectFault(String field, Object value, String code) {
        JsonObject error = post(valid(field).put(field, value));

        assertThat(error.getString("param")).as(error.encode()).isEqualTo(field);
        assertThat(error.getString("code")).isEqualTo(code);
    }

    private static void expectNoFault(String field, Object value) {
        HttpResponse<String> response = gateway.generate(valid(field).put(field, value));

        assertThat(response.statusCode()).as(field + " " + response.body()).isEqualTo(200);
    }

    /** A request that may have the field. */
    private static JsonObject valid(String field) {
        if (field.equals("output_format")) {
            return new JsonObject().put("model", PointCloudsTest.ID);
        }
        JsonObject request = VALID.copy();
        if (field.equals("masked_content")) {
            String image = AttachmentsTest.base64(AttachmentsTest.PHOTO);
            request.put("init_image", image).put("mask", image);
        }
        return request;
    }

    private static JsonObject post(JsonObject body) {
        return new JsonObject(gateway.generate(body).body()).getJsonObject("error");
    }
}
