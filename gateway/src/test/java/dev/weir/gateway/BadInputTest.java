package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.proto.v1.StageKind;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is wrong with a request, its client is told where, and nothing is begun. */
final class BadInputTest {

    private static TestGateway gateway;

    @BeforeAll
    static void open() {
        gateway = new TestGateway();
    }

    @AfterAll
    static void close() {
        gateway.close();
    }

    static Stream<Arguments> badBodies() {
        String deep = "[".repeat(500) + "]".repeat(500);
        return Stream.of(
                body("", 400, "invalid_json", null, "JSON object"),
                body("{", 400, "invalid_json", null, "line 1"),
                body("null", 400, "invalid_json", null, "JSON object"),
                body("[]", 400, "invalid_json", null, "JSON object"),
                body("\"apple\"", 400, "invalid_json", null, "JSON object"),
                body("{} {}", 400, "invalid_json", null, "JSON object"),
                body("{\"prompt\":\"a\",\"prompt\":\"b\"}", 400, "invalid_json", null, "prompt"),
                body("{\"prompt\":" + deep + "}", 400, "invalid_json", null, "depth"),
                body("{\"prompt\":\"a\",\"seed\":NaN}", 400, "invalid_json", null, "NaN"),
                body("{\"prompt\":\"a\",\"seed\":" + "9".repeat(500) + "}", 400, "invalid_json", null, "Number"),
                body("{}", 400, "missing_required_parameter", "prompt", "required"),
                field("\"prompt\":null", "missing_required_parameter", "prompt", "required"),
                field("\"prompt\":7", "invalid_type", "prompt", "a string, not a number"),
                field("\"prompt\":[\"a\"]", "invalid_type", "prompt", "a string, not an array"),
                field("\"prompt\":\"" + "x".repeat(4001) + "\"", "string_too_long", "prompt", "at most 4000"),
                valid("\"negative_prompt\":\"" + "x".repeat(4001) + "\"", "string_too_long", "negative_prompt", "4000"),
                valid("\"promt\":\"a\"", "unknown_parameter", "promt", "known are"),
                valid("\"n\":0", "out_of_range", "n", "from 1 to 10"),
                valid("\"n\":11", "out_of_range", "n", "from 1 to 10"),
                valid("\"n\":1.5", "invalid_type", "n", "whole number"),
                valid("\"n\":\"2\"", "invalid_type", "n", "a number, not a string"),
                valid("\"n\":1e400", "out_of_range", "n", "from 1 to 10"),
                valid("\"n\":18446744073709551617", "out_of_range", "n", "from 1 to 10"),
                valid("\"size\":\"big\"", "invalid_value", "size", "WIDTHxHEIGHT"),
                valid("\"size\":\"0x64\"", "invalid_value", "size", "WIDTHxHEIGHT"),
                valid("\"size\":64", "invalid_type", "size", "a string"),
                valid("\"size\":\"60x64\"", "unsupported_size", "size", "multiples of 8 from 32 to 64"),
                valid("\"size\":\"24x24\"", "unsupported_size", "size", "from 32"),
                valid("\"size\":\"136x136\"", "unsupported_size", "size", "multiples of 16 from 64 to 128"),
                valid("\"size\":\"99999x99999\"", "unsupported_size", "size", "to 128"),
                valid("\"seed\":-2", "out_of_range", "seed", "from -1 to 18446744073709551615"),
                valid("\"seed\":18446744073709551616", "out_of_range", "seed", "to 18446744073709551615"),
                valid("\"seed\":\"18446744073709551616\"", "out_of_range", "seed", "to 18446744073709551615"),
                valid("\"seed\":1.5", "invalid_type", "seed", "whole number"),
                valid("\"seed\":1e30", "invalid_type", "seed", "whole number"),
                valid("\"seed\":\"1e999999999\"", "invalid_type", "seed", "whole number"),
                valid("\"seed\":\"\"", "invalid_type", "seed", "whole number"),
                valid("\"seed\":true", "invalid_type", "seed", "not a boolean"),
                valid("\"schedule\":\"karras\"", "unsupported_parameter", "schedule", "ddim, which has no schedules"),
                valid("\"sampler\":\"euler\",\"schedule\":\"sgm\"", "invalid_value", "schedule", "[karras]"),
                valid("\"sampler\":\"euler\",\"eta\":0.5", "unsupported_parameter", "eta", "the sampler euler"),
                valid("\"eta\":1.5", "out_of_range", "eta", "from 0"),
                valid("\"noise\":\"gpu\"", "invalid_value", "noise", "cpu, cpu:INDEX, cuda or cuda:BLOCKS"),
                valid("\"crop\":\"left\"", "invalid_value", "crop", "LEFT,TOP"),
                valid("\"original_size\":\"big\"", "invalid_value", "original_size", "WIDTHxHEIGHT"),
                valid("\"class_label\":10", "out_of_range", "class_label", "from 0 to 9"),
                valid("\"num_inference_steps\":0", "out_of_range", "num_inference_steps", "from 1 to 50"),
                valid(
                        "\"sampler\":\"euler\",\"num_inference_steps\":41",
                        "out_of_range",
                        "num_inference_steps",
                        "from 2 to 40"),
                valid(
                        "\"sampler\":\"euler\",\"num_inference_steps\":1",
                        "out_of_range",
                        "num_inference_steps",
                        "from 2 to 40"),
                valid("\"num_inference_steps\":51", "out_of_range", "num_inference_steps", "from 1 to 50"),
                valid("\"guidance_scale\":-0.1", "out_of_range", "guidance_scale", "from 0"),
                valid("\"guidance_end\":1.5", "out_of_range", "guidance_end", "to 1"),
                valid(
                        "\"guidance_start\":0.6,\"guidance_end\":0.5",
                        "invalid_value",
                        "guidance_start",
                        "at most guidance_end, 0.5, not 0.6"),
                valid("\"guidance_reuse\":1", "invalid_type", "guidance_reuse", "true or false"),
                valid("\"guidance_scale\":1e400", "out_of_range", "guidance_scale", "to 50"),
                valid("\"guidance_scale\":true", "invalid_type", "guidance_scale", "not a boolean"),
                valid("\"sampler\":\"plms\"", "invalid_value", "sampler", "[ddim, euler, pndm]"),
                valid("\"output_format\":\"gif\"", "invalid_value", "output_format", "webp"),
                valid("\"output_compression\":101", "out_of_range", "output_compression", "from 0 to 100"),
                valid("\"background\":\"transparent\"", "unsupported_value", "background", "opaque"),
                valid("\"quality\":\"best\"", "invalid_value", "quality", "hd"),
                valid("\"stream\":\"yes\"", "invalid_type", "stream", "true or false"),
                valid("\"stream\":true,\"partial_images\":4", "out_of_range", "partial_images", "from 0 to 3"),
                valid("\"partial_images\":2", "invalid_value", "partial_images", "stream"),
                valid("\"response_format\":\"file\"", "invalid_value", "response_format", "b64_json"),
                valid("\"user\":\"" + "u".repeat(257) + "\"", "string_too_long", "user", "256"),
                body("{\"prompt\":\"a\",\"model\":\"sd9\"}", 404, "model_not_found", "model", "known are tiny"));
    }

    private static Arguments field(String fields, String code, String param, String inMessage) {
        return body("{" + fields + "}", 400, code, param, inMessage);
    }

    private static Arguments valid(String fields, String code, String param, String inMessage) {
        return field("\"prompt\":\"an apple\"," + fields, code, param, inMessage);
    }

    private static Arguments body(String body, int status, String code, String param, String inMessage) {
        return arguments(body, status, code, param, inMessage);
    }

    @ParameterizedTest
    @MethodSource("badBodies")
    void isRefusedWithTheFieldAndTheLimit(String body, int status, String code, String param, String inMessage) {
        expect(gateway.send(gateway.post("/v1/images/generations", body)), status, code, param, inMessage);
    }

    @Test
    void aBodyOverTheLimitIsRefused() {
        String body = "{\"prompt\":\"" + "x".repeat(Limits.DEFAULT.requests().bodyBytes()) + "\"}";

        expect(gateway.send(gateway.post("/v1/images/generations", body)), 413, "body_too_large", null, "larger");
    }

    @Test
    void otherContentTypesAreRefused() {
        for (String type : new String[] {"text/plain", "application/x-www-form-urlencoded"}) {
            HttpResponse<String> response = gateway.send(gateway.request("/v1/images/generations")
                    .header("Content-Type", type)
                    .POST(BodyPublishers.ofString("{\"prompt\":\"a\"}"))
                    .build());

            expect(response, 415, "unsupported_media_type", null, "application/json");
        }
    }

    @Test
    void unknownPathsAndMethodsAreErrorsOfTheSameShape() {
        expect(gateway.fetch("/v1/nothing"), 404, "not_found", null, "/v1/nothing");
        expect(gateway.fetch("/v1/images/generations"), 405, "method_not_allowed", null, "GET");
        expect(gateway.fetch("/v1/models/other"), 404, "not_found", null, "/v1/models/other");
    }

    @Test
    void aStageWithoutALiveNodeIsNamed() {
        try (TestGateway lonely = new TestGateway()) {
            lonely.directory.remove(StageKind.DENOISER);

            HttpResponse<String> response = lonely.generate(new JsonObject().put("prompt", "a"));

            expect(response, 503, "no_node", null, "denoiser");
            assertThat(response.headers().firstValue("Retry-After")).isPresent();
        }
    }

    private static void expect(HttpResponse<String> response, int status, String code, String param, String inMessage) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
        JsonObject error = new JsonObject(response.body()).getJsonObject("error");
        assertThat(error.fieldNames()).containsExactlyInAnyOrder("type", "code", "message", "param");
        assertThat(error.getString("code")).isEqualTo(code);
        assertThat(error.getString("param")).isEqualTo(param);
        assertThat(error.getString("message")).contains(inMessage).doesNotContain("java.", "`"); // the parser's classes
        assertThat(gateway.stage.sittings()).isEmpty();
        assertThat(gateway.isIdle()).isTrue();
    }
}
