package dev.weir.engine;

import dev.weir.engine.pipeline.PipelineTypes;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a path is that Weir does not run, and what its owner can do about it.
 *
 * @param what a noun phrase, as {@code a LoRA}
 * @param advice a sentence
 */
public record Refusal(String what, String advice) {

    private static final String CONVERT = "Weir serves safetensors only. Convert it, which runs nothing that it says: ";

    /** A family or a task that Weir does not have. */
    static Refusal notRun(String what) {
        return new Refusal(what, PipelineTypes.nearest(what) + "docs/models.md lists all that Weir runs");
    }

    /** A model that only does the last steps of another one's pictures. */
    static Refusal refiner() {
        return new Refusal(
                "an SDXL refiner, which does the last steps of a base model's pictures",
                "Copy or link its folder into the base model's folder as \"refiner\", and give the base model's folder");
    }

    /** Of a single file of a family; empty where Weir runs it. */
    static Optional<Refusal> of(Family family) {
        return Optional.ofNullable(
                switch (family) {
                    case SD1, SD2, SDXL -> null;
                    case SDXL_REFINER ->
                        new Refusal(
                                "a single file with SDXL's refiner, which does the last steps of a base model's pictures",
                                "Name it as \"refiner\" in the settings of the base model's file, NAME.weir.json, and give that file");
                    // Its file has no configuration of its image encoder.
                    case SD2_UNCLIP ->
                        new Refusal(
                                "a single file of Stable Diffusion 2.1 unCLIP",
                                "Give the diffusers folder that it was published as, with its StableUnCLIPImg2ImgPipeline");
                    case LATENT_DIFFUSION ->
                        new Refusal(
                                "a single file of CompVis' latent diffusion",
                                "Give the diffusers folder that it was published as, such as CompVis/ldm-text2im-large-256 or "
                                        + "CompVis/ldm-super-resolution-4x-openimages");
                });
    }

    /** A transformer in one file, which does not have all parts of its model. */
    static Refusal transformerFile(String what) {
        return new Refusal(
                what,
                "Name a diffusers folder with the other parts of the model as \"config\" in its settings, NAME.weir.json, or convert "
                        + "it: weir models convert FILE NEW_FOLDER --parts FOLDER");
    }

    /** The same weights in a format that Weir does not read. */
    static Refusal unreadable(String what) {
        return new Refusal(what, "Give the original diffusers folder with safetensors weights");
    }

    static Refusal pickled(String files) {
        return new Refusal("pickled weights (%s)".formatted(files), CONVERT + "weir models convert FOLDER NEW_FOLDER");
    }

    /** A whole model in one file. */
    static Refusal pickledCheckpoint(String file) {
        return new Refusal(
                "pickled weights (%s)".formatted(file),
                CONVERT + "weir models convert FILE NEW_FOLDER, or NAME.safetensors for a part of a model");
    }

    static Refusal incomplete(String reason) {
        return new Refusal("a download that is not complete (%s)".formatted(reason), "Download it again");
    }

    /**
     * Weights that could not be read.
     *
     * @param reason the problem's message, without what its reader knows
     */
    static Refusal unread(ModelException problem, String reason) {
        if (!(problem instanceof WeightsException known)) {
            return new Refusal("a damaged file (%s)".formatted(reason), "Get it again from where it was published");
        }
        return switch (known.reason()) {
            case TYPE ->
                new Refusal(
                        "weights of a type that Weir does not read (%s)".formatted(reason),
                        "Convert them to fp32, fp16 or bf16 safetensors");
            case INCOMPLETE -> incomplete(reason);
            case UNREADABLE -> new Refusal(reason, "");
        };
    }

    static Refusal pointer(String file) {
        return new Refusal(
                "git-lfs pointer files instead of weights (%s)".formatted(file), "Run \"git lfs pull\" in the folder");
    }

    Refusal besides(String moreAdvice) {
        return new Refusal(what, advice + ". " + moreAdvice);
    }

    ModelException at(Path path) {
        return new ModelException(path + ": " + sentences());
    }

    /**
     * The same with what exactly is in the way.
     *
     * @param reason names file and key
     */
    public ModelException at(Path path, String reason) {
        return new ModelException("%s: %s (%s)".formatted(path, sentences(), reason));
    }

    private String sentences() {
        return advice.isEmpty() ? what : what + ". " + advice;
    }
}
