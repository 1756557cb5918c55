package dev.weir.tests.jvm;

import dev.langchain4j.model.image.ImageModel;
import dev.langchain4j.model.openai.OpenAiImageModel;
import java.util.Base64;

/** The example for LangChain4j in docs/java.md, which {@link ExamplesTest} runs. */
final class LangChainExample {

    private LangChainExample() {}

    static byte[] draw(String baseUrl, String key) {
        ImageModel model = OpenAiImageModel.builder()
                .baseUrl(baseUrl) // such as http://127.0.0.1:8080/v1
                .apiKey(key) // any text, if the gateway has no keys
                .modelName("default")
                .build();
        String file = model.generate("a red apple").content().base64Data();
        return Base64.getDecoder().decode(file);
    }
}
