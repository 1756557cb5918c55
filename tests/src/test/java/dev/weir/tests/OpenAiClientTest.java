package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.images.Image;
import com.openai.models.images.ImageGenStreamEvent;
import com.openai.models.images.ImageGenerateParams;
import com.openai.models.images.ImageGenerateParams.OutputFormat;
import com.openai.models.images.ImageGenerateParams.Size;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.Tool;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A program for OpenAI's Images API, with OpenAI's own Java library. */
final class OpenAiClientTest {

    @RegisterExtension
    static final UpServer UP = new UpServer();

    private static OpenAIClient client;

    @BeforeAll
    static void open() {
        client = OpenAIOkHttpClient.builder()
                .baseUrl(UP.server().url() + "/v1")
                .apiKey("none is needed")
                .maxRetries(0)
                .build();
    }

    @AfterAll
    static void close() {
        client.close();
    }

    @Test
    void aResponseHasThePictureAsTheResultOfItsCall() throws IOException {
        Response response = client.responses()
                .create(ResponseCreateParams.builder()
                        .model("gpt-5")
                        .input("a red apple")
                        .addTool(Tool.ImageGeneration.builder()
                                .putAdditionalProperty("num_inference_steps", JsonValue.from(6))
                                .putAdditionalProperty("seed", JsonValue.from(7))
                                .build())
                        .build());

        String picture =
                response.output().get(0).asImageGenerationCall().result().orElseThrow();
        assertThat(Base64.getDecoder().decode(picture))
                .isEqualTo(generate(apple(7).build()).get(0));
    }

    private static ImageGenerateParams.Builder apple(int seed) {
        return ImageGenerateParams.builder()
                .prompt("a red apple")
                .putAdditionalBodyProperty("seed", JsonValue.from(seed))
                .putAdditionalBodyProperty("num_inference_steps", JsonValue.from(6));
    }

    private static List<byte[]> generate(ImageGenerateParams params) {
        return client.images().generate(params).data().orElseThrow().stream()
                .map(Image::b64Json)
                .map(encoded -> Base64.getDecoder().decode(encoded.orElseThrow()))
                .toList();
    }

    @Test
    void picturesOfTheSizeAndNumberAskedFor() throws IOException {
        List<byte[]> pictures =
                generate(apple(7).n(2).size(Size.of("64x128")).model("default").build());
        assertThat(pictures).hasSize(2);
        assertThat(pictures.get(0)).as("seeds 7 and 8").isNotEqualTo(pictures.get(1));
        for (byte[] picture : pictures) {
            BufferedImage image = ImageIO.read(new ByteArrayInputStream(picture));
            assertThat(image.getWidth()).isEqualTo(64);
            assertThat(image.getHeight()).isEqualTo(128);
            assertThat(PngText.of(picture)).containsKey("parameters");
        }
    }

    @Test
    void jpegWhereItIsAskedFor() throws IOException {
        byte[] picture =
                generate(apple(7).outputFormat(OutputFormat.JPEG).build()).get(0);
        assertThat(picture).startsWith(0xff, 0xd8);
        assertThat(ImageIO.read(new ByteArrayInputStream(picture)).getWidth()).isEqualTo(128);
    }

    @Test
    void theSameSeedGivesTheSameBytesAndAnotherSeedOthers() {
        byte[] first = generate(apple(7).build()).get(0);
        assertThat(generate(apple(7).build()).get(0)).isEqualTo(first);
        assertThat(generate(apple(9).build()).get(0)).isNotEqualTo(first);
    }

    @Test
    void aStreamShowsThePictureEmergeAndEndsWithTheSameBytes() {
        List<ImageGenStreamEvent> events;
        try (StreamResponse<ImageGenStreamEvent> stream =
                client.images().generateStreaming(apple(7).partialImages(2).build())) {
            events = stream.stream().toList();
        }
        ImageGenStreamEvent last = events.get(events.size() - 1);
        List<ImageGenStreamEvent> partial = events.subList(0, events.size() - 1);
        assertThat(partial).hasSizeBetween(1, 2).allMatch(ImageGenStreamEvent::isGenerationPartialImage);
        assertThat(partial.get(0).asGenerationPartialImage().partialImageIndex())
                .isZero();
        assertThat(partial.get(0).asGenerationPartialImage().b64Json()).isNotEmpty();
        assertThat(Base64.getDecoder().decode(last.asGenerationCompleted().b64Json()))
                .isEqualTo(generate(apple(7).build()).get(0));
        assertThat(last.asGenerationCompleted().usage().totalTokens()).isZero();
    }

    /** In fields that the library passes on, since a visitor of its events fails on a type that it does not know. */
    @Test
    void aPromptThatIsCutIsSaidSoInWhatTheLibraryTakes() {
        ImageGenerateParams params =
                apple(7).prompt("a red apple, " + "very ".repeat(80) + "shiny").build();
        assertThat(client.images().generate(params)._additionalProperties())
                .extractingByKey("warnings")
                .asString()
                .contains("prompt_truncated", "64 tokens", "shiny");
        List<ImageGenStreamEvent> events;
        try (StreamResponse<ImageGenStreamEvent> stream = client.images().generateStreaming(params)) {
            events = stream.stream().toList();
        }
        assertThat(events).allMatch(event -> event.isGenerationPartialImage() || event.isGenerationCompleted());
        assertThat(events.get(events.size() - 1).asGenerationCompleted()._additionalProperties())
                .extractingByKey("warnings")
                .asString()
                .contains("prompt_truncated");
    }

    @Test
    void whatCannotBeMadeIsRefusedByField() {
        var size = catchThrowableOfType(
                BadRequestException.class,
                () -> generate(apple(7).size(Size.of("100x100")).build()));
        assertThat(size.param()).contains("size");
        assertThat(size.type()).contains("invalid_request_error");
        var steps = catchThrowableOfType(
                BadRequestException.class,
                () -> generate(apple(7).putAdditionalBodyProperty("num_inference_steps", JsonValue.from(0))
                        .build()));
        assertThat(steps.param()).contains("num_inference_steps");
        var model = catchThrowableOfType(
                NotFoundException.class,
                () -> generate(apple(7).model("dall-e-9").build()));
        assertThat(model.code()).contains("model_not_found");
    }
}
