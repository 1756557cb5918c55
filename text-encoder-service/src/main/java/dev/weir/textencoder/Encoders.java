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
import dev.weir.engine.inversion.Embedding;
import dev.weir.engine.network.Networks;
import dev.weir.engine.pipeline.PipelineType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The networks of a model that encode what a request says and shows. One device thread owns it. */
final class Encoders implements AutoCloseable {

    /** The negative prompt of nearly every guided sample. */
    static final Prompt ABSENT = Prompt.absent(0);

    private static final Logger LOG = LoggerFactory.getLogger(Encoders.class);
    private static final List<Prompt> TEST = List.of(ABSENT, Prompt.of("warm up"));
    private static final Bitmap TEST_PICTURE = Bitmap.black(64, 64, Bitmap.RGB);

    private final ModelFolder folder;
    private final ImagePrompter prompter;
    private Optional<TextEncoder> text = Optional.empty();
    private Optional<ImageEncoder> image = Optional.empty();
    /** Those that the text encoder reads. Other threads ask for them. */
    private volatile Map<String, Embedding> embeddings = Map.of();
    /** Of the text encoder with these embeddings; empty if there is none. Other threads ask for it. */
    private volatile String weights = "";
    /** Those that it could not read the last time; the log says why. */
    private Map<String, Embedding> unread = Map.of();

    private Encoders(ModelFolder folder, ComputeTarget target) {
        this.folder = folder;
        this.prompter = Networks.imagePrompter(target);
    }

    static Encoders open(ModelFolder folder, ComputeTarget target) {
        return open(folder, target, known -> folder.textEncoder(target, known));
    }

    /** @param opener of the text encoder, which reads these embeddings */
    static Encoders open(
            ModelFolder folder, ComputeTarget target, Function<Map<String, Embedding>, TextEncoder> opener) {
        PipelineType type = folder.pipeline().type();
        Encoders encoders = new Encoders(folder, target);
        try {
            if (!type.texts().isEmpty()) {
                encoders.openText(opener);
            }
            encoders.image = type.vision().map(part -> folder.imageEncoder(target));
            return encoders;
        } catch (Throwable e) { // Their memory is native, and an error may say that it is short.
            encoders.close();
            throw e;
        }
    }

    private void openText(Function<Map<String, Embedding>, TextEncoder> opener) {
        Map<String, Embedding> now = folder.embeddings().byName();
        TextEncoder opened = opener.apply(now);
        text = Optional.of(opened);
        reads(now);
        opened.expect(folder.loras().byName().values());
    }

    private void reads(Map<String, Embedding> now) {
        weights = folder.textEncoderFingerprint(now);
        embeddings = now;
    }

    /** Reads the embeddings that have come, and those no more that have gone. If that fails, it reads those that it has, and tries again. */
    void follow() {
        Map<String, Embedding> now = folder.embeddings().byName();
        // It is the same object until something changes.
        if (text.isEmpty() || now == embeddings) {
            return;
        }
        try {
            text.get().prepareWords(now.values()).run();
            reads(now);
        } catch (RuntimeException e) {
            if (now != unread) {
                unread = now;
                LOG.warn(
                        "the text encoder of {} cannot read the new embeddings",
                        folder.card().id(),
                        e);
            }
        }
    }

    /** The embeddings that prompts may name. Any thread. */
    Map<String, Embedding> embeddings() {
        return embeddings;
    }

    /** What text states depend on: states of other weights under the same name are not the same. Any thread. */
    String weights() {
        return weights;
    }

    /** Empty in models without text. */
    Optional<TextEncoder> text() {
        return text;
    }

    /** Empty in models that see no picture as CLIP does. */
    Optional<ImageEncoder> image() {
        return image;
    }

    /** For IP-Adapters. */
    ImagePrompter prompter() {
        return prompter;
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
                        .flatMap(encoder -> encoder.encode(List.of(encoder.pixels(TEST_PICTURE))).stream())
                        .allMatch(Tensors::isFinite);
    }

    @Override
    public void close() {
        text.ifPresent(TextEncoder::close);
        image.ifPresent(ImageEncoder::close);
        prompter.close();
    }
}
