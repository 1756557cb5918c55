package dev.weir.engine;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.weir.engine.pipeline.PipelineTypes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * The original files of GLIDE as a folder in diffusers' layout: the base model, the upsampler where it is given, and the vocabulary that
 * both read texts with. Immutable; any thread.
 */
record GlideConversion(GlidePart base, Optional<GlidePart> upsampler, GlideVocabulary vocabulary, Path out)
        implements Conversion {

    private static final String UPSAMPLER = "upsampler/";
    private static final String UNET = "unet";
    private static final String TEXT_ENCODER = "text_encoder";
    private static final String TOKENIZER = "tokenizer";
    private static final String SCHEDULER = "scheduler";

    /** Empty where the file is none of GLIDE. Throws {@link ModelException} where the files do not fit or one is missing. */
    static Optional<GlideConversion> of(WeightFile file, Path out, GuidedDiffusionOptions options) {
        return GlidePart.of(file, options.training()).map(base -> {
            options.requireOfGlide();
            requireKind(base, false);
            Optional<GlidePart> upsampler = options.upsampler().map(path -> upsampler(path, options));
            upsampler.ifPresent(part -> requireSameText(base, part));
            Path folder = options.vocabulary()
                    .orElseThrow(() -> new ModelException(file.path()
                            + ": GLIDE's files have no vocabulary. Give the folder of one with --vocabulary: the repository's "
                            + "glide_text2im/tokenizer, or GPT-2's vocab.json and merges.txt"));
            return new GlideConversion(base, upsampler, GlideVocabulary.of(folder, base.words()), out);
        });
    }

    private static GlidePart upsampler(Path path, GuidedDiffusionOptions options) {
        GlidePart part = GlidePart.of(WeightFile.open(ModelPath.resolve(path)), options.upsamplerTraining())
                .orElseThrow(() -> new ModelException(path + ": it is no file of GLIDE"));
        requireKind(part, true);
        return part;
    }

    private static void requireKind(GlidePart part, boolean enlarges) {
        if (part.enlarges() != enlarges) {
            throw new ModelException("%s: it is %s"
                    .formatted(
                            part.file().path(),
                            enlarges
                                    ? "GLIDE's base model, not its upsampler"
                                    : "GLIDE's upsampler, not its base model"));
        }
    }

    private static void requireSameText(GlidePart base, GlidePart upsampler) {
        if (base.words() != upsampler.words() || base.positions() != upsampler.positions()) {
            throw new ModelException(
                    "%s reads %d tokens of a vocabulary of %d, and %s reads %d tokens of a vocabulary of %d: they do not belong together"
                            .formatted(
                                    base.file().path(),
                                    base.positions(),
                                    base.words(),
                                    upsampler.file().path(),
                                    upsampler.positions(),
                                    upsampler.words()));
        }
    }

    @Override
    public String about() {
        return "GLIDE of %d pixels%s, as the folder %s"
                .formatted(
                        base.side(),
                        upsampler
                                .map(part -> " with an upsampler to " + part.side())
                                .orElse(""),
                        out.getFileName());
    }

    @Override
    public long bytes() {
        return Stream.concat(Stream.of(base), upsampler.stream())
                .flatMap(part -> List.of(part.unet(), part.text()).stream())
                .mapToLong(WeightFile::bytes)
                .sum();
    }

    @Override
    public void write(LongConsumer progress) {
        NewFolder.write(out, folder -> {
            var made = new ConvertedFolder(
                    folder, PipelineTypes.textGuided().classNames().get(0), progress);
            made.list(TOKENIZER, "transformers", GlideVocabulary.CLASS_NAME);
            made.list(TEXT_ENCODER, "glide_text2im", base.textClassName());
            made.list(UNET, "diffusers", base.config().path("_class_name").asText());
            made.list(SCHEDULER, "diffusers", base.schedulerClassName());
            vocabulary.write(folder.resolve(TOKENIZER));
            ConvertedFolder.json(
                    folder.resolve(TOKENIZER).resolve("tokenizer_config.json"),
                    JsonNodeFactory.instance
                            .objectNode()
                            .put("do_lower_case", true)
                            .put("model_max_length", base.positions()));
            write(base, "", made);
            if (upsampler.isPresent()) {
                write(upsampler.get(), UPSAMPLER, made);
            }
            made.finish();
        });
    }

    private static void write(GlidePart part, String home, ConvertedFolder made) throws IOException {
        made.network(home + UNET, part.config(), part.unet(), ConvertedFolder.WEIGHTS_OF_DIFFUSERS);
        made.network(home + TEXT_ENCODER, part.textConfig(), part.text(), ConvertedFolder.WEIGHTS_OF_TRANSFORMERS);
        made.scheduler(home + SCHEDULER, part.scheduler());
    }
}
