package dev.weir.tests.jvm;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.models.images.ImageGenerateParams;
import com.openai.models.images.ImagesResponse;
import java.util.Base64;

/** The example for OpenAI's library in docs/java.md, which {@link ExamplesTest} runs. */
final class OpenAiExample {

    private OpenAiExample() {}

    static byte[] draw(String baseUrl, String key) {
        OpenAIClient openai = OpenAIOkHttpClient.builder()
                .baseUrl(baseUrl) // such as http://127.0.0.1:8080/v1
                .apiKey(key) // any text, if the gateway has no keys
                .build();
        ImagesResponse response = openai.images()
                .generate(ImageGenerateParams.builder()
                        .prompt("a red apple")
                        .putAdditionalBodyProperty("seed", JsonValue.from(7))
                        .build());
        String file = response.data().orElseThrow().get(0).b64Json().orElseThrow();
        return Base64.getDecoder().decode(file);
    }
}
