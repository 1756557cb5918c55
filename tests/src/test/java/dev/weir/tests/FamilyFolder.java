package dev.weir.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;

/** Folders of families that have another UNet than a reference checkpoint, and its parts besides. */
public final class FamilyFolder {

    public static final Path REFERENCE = Repository.ROOT.resolve("engine/src/test/resources/reference");

    private FamilyFolder() {}

    /** A tiny latent consistency model. */
    public static Path latentConsistency(Path into) throws IOException {
        write(into, "few_step/sd-lcm", "LatentConsistencyModelPipeline");
        Path index = into.resolve("model_index.json");
        Files.writeString(index, Files.readString(index).replace("DDIMScheduler", "LCMScheduler"));
        Files.writeString(
                into.resolve("scheduler/scheduler_config.json"),
                "{\"_class_name\": \"LCMScheduler\", \"original_inference_steps\": 50}");
        return into;
    }

    /** A tiny model that edits pictures. */
    public static Path instructPix2Pix(Path into) throws IOException {
        return write(into, "instruct_pix2pix/unet/sd", "StableDiffusionInstructPix2PixPipeline");
    }

    /** A tiny DeepFloyd IF with its second network and the x4 upscaler, as a user puts the published folders together. */
    public static Path deepFloyd(Path into) throws IOException {
        copy(REFERENCE.resolve("t5/tokenizer"), into.resolve("tokenizer"));
        copy(REFERENCE.resolve("deepfloyd/text_encoder"), into.resolve("text_encoder"));
        copy(REFERENCE.resolve("deepfloyd/base"), into);
        copy(REFERENCE.resolve("deepfloyd/super_resolution"), into.resolve("super_resolution"));
        copy(REFERENCE.resolve("checkpoints/sd1"), into.resolve("upscaler"));
        copy(REFERENCE.resolve("beside/upscale-x4"), into.resolve("upscaler"));
        return into;
    }

    private static Path write(Path into, String unet, String pipeline) throws IOException {
        copy(REFERENCE.resolve("checkpoints/sd1"), into);
        copy(REFERENCE.resolve(unet), into.resolve("unet"));
        Path index = into.resolve("model_index.json");
        Files.writeString(index, Files.readString(index).replace("StableDiffusionPipeline", pipeline));
        return into;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }
}
