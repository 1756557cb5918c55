package dev.weir.textencoder;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ImageEncoder;
import dev.weir.engine.ImagePrompter;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptSize;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.PipelineType;
import java.util.List;
import java.util.Optional;

/**
 * The networks of a model that encode what a request says and shows. Owned by one device thread.
 *
 * @param text empty in models without text
 * @param image empty in models that see no picture as CLIP does
 * @param prompter for IP-Adapters
 */
record Encoders(Optional<TextEncoder> text, Optional<ImageEncoder> image, ImagePrompter prompter)
        implements AutoCloseable {

    /** The negative prompt of nearly every guided sample. */
    static final Prompt ABSENT = Prompt.absent(0);

    private static final List<Prompt> TEST = List.of(ABSENT, Prompt.of("warm up"));
    private static final Bitmap TEST_PICTURE = Bitmap.black(64, 64, Bitmap.RGB);

    static Encoders open(ModelFolder folder, ComputeTarget target) {
        PipelineType type = folder.pipeline().type();
        Optional<TextEncoder> text =
                type.texts().isEmpty() ? Optional.empty() : Optional.of(folder.textEncoder(target));
        Optional<ImageEncoder> image = Optional.empty();
        try {
            text.ifPresent(encoder -> encoder.expect(folder.loras().byName().values()));
            image = type.vision().map(part -> folder.imageEncoder(target));
            return new Encoders(text, image, Networks.imagePrompter(target));
        } catch (Throwable e) { // Their memory is native, and an error may say that it is short.
            text.ifPresent(TextEncoder::close);
            image.ifPresent(ImageEncoder::close);
            throw e;
        }
    }

    /** Reads LoRAs that change the text encoder. Throws ModelException that names a file that cannot be read. */
    void load(List<WeightedLora> loras) {
        text.ifPresent(encoder ->
                encoder.load(loras, loras.stream().map(WeightedLora::lora).toList()));
    }

    /** As of {@link TextEncoder#size}, in models with text. */
    PromptSize size(Prompt prompt) {
        return text.orElseThrow().size(prompt);
    }

    /** What the text encoder gives for test prompts, the absent one first; nothing where there is none. */
    List<PromptStates> testStates() {
        return text.map(encoder -> encoder.encode(TEST)).orElse(List.of());
    }

    /** Whether the numbers that the networks give for test inputs are finite. */
    boolean areFinite() {
        return areFinite(testStates());
    }

    /** @param states {@link #testStates} */
    boolean areFinite(List<PromptStates> states) {
        return states.stream().allMatch(PromptStates::isFinite)
                && image.stream()
                        .flatMap(encoder -> encoder.encode(List.of(TEST_PICTURE)).stream())
                        .allMatch(Tensors::isFinite);
    }

    @Override
    public void close() {
        text.ifPresent(TextEncoder::close);
        image.ifPresent(ImageEncoder::close);
        prompter.close();
    }
}
