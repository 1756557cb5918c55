package dev.weir.engine;

import dev.weir.engine.weights.SafetensorsFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What a file is that somebody takes for a model: told by its name, its first bytes and its tensors' names. Nothing pickled is opened. */
final class FileKind {

    private static final String POINTER = "version https://git-lfs";

    private static final String FOLDER = "Weir takes a diffusers folder or a single-file checkpoint";
    private static final String WHOLE = "Give the whole model: its folder, or a file that has all of its parts";

    private FileKind() {}

    /** Of a file that exists. */
    static Refusal of(Path file) {
        if (!Files.isRegularFile(file)) {
            // Reading a pipe would wait for ever.
            return new Refusal("neither a file nor a folder", "Give a model's file or folder");
        }
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (isPointer(file)) {
            return Refusal.pointer(file.getFileName().toString());
        }
        if (isUnfinished(name)) {
            return Refusal.incomplete(file.getFileName().toString());
        }
        if (name.endsWith(".safetensors")) {
            return tensors(file);
        }
        String ending = name.substring(name.lastIndexOf('.') + 1);
        return switch (ending) {
            case "ckpt", "pt", "pth" -> Refusal.pickledCheckpoint("." + ending);
            case "bin", "pkl" -> Refusal.pickled("." + ending);
            case "gguf" -> Refusal.unreadable("a GGUF export");
            case "onnx" -> Refusal.unreadable("an ONNX export");
            case "xml" -> Refusal.unreadable("an OpenVINO export");
            case "msgpack" -> Refusal.unreadable("a Flax export");
            case "engine", "plan" -> Refusal.unreadable("a TensorRT export");
            case "mlmodel", "mlpackage" -> Refusal.unreadable("a Core ML export");
            case "zip", "tar", "gz", "7z", "rar" -> new Refusal("an archive", "Unpack it, and give the folder");
            case "json" -> new Refusal("a configuration file", "Give the folder that it lies in");
            default -> new Refusal("a file that is no model", FOLDER);
        };
    }

    static boolean isPointer(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(POINTER.length()), StandardCharsets.US_ASCII).equals(POINTER);
        } catch (IOException e) {
            return false;
        }
    }

    /** What downloaders call a file that they are not done with. */
    static boolean isUnfinished(String name) {
        return name.matches(".*\\.(incomplete|part|partial|crdownload|aria2|download)");
    }

    private static Refusal tensors(Path file) {
        SafetensorsFile weights;
        try {
            weights = SafetensorsFile.open(file);
        } catch (ModelException e) {
            return Refusal.unread(e, e.reason(file));
        }
        if (weights.names().stream().anyMatch(name -> name.contains("motion_modules"))) {
            return Refusal.notRun("a motion module for video");
        }
        return AddOnKind.of(weights).map(AddOnKind::refusal).orElseGet(() -> checkpoint(weights));
    }

    private static Refusal checkpoint(SafetensorsFile weights) {
        Set<String> names = weights.names();
        if (has(names, "joint_blocks.")) {
            return Refusal.transformerFile("a single-file checkpoint of Stable Diffusion 3");
        }
        if (has(names, "double_blocks.")) {
            return Refusal.transformerFile("a single-file checkpoint of FLUX");
        }
        if (has(names, "cap_pad_token")) {
            return Refusal.transformerFile("a single-file checkpoint of Z-Image");
        }
        if (has(names, "cap_embedder.1.weight") && has(names, "noise_refiner.0.")) {
            return new Refusal(
                    "a single-file checkpoint of a transformer like Z-Image's", "Of these, Weir runs Z-Image only");
        }
        if (has(names, "clip_txt_mapper.") || has(names, "effnet_mapper.") || has(names, "vquantizer.")) {
            return new Refusal(
                    "a single file of Stable Cascade",
                    "Give the folder stabilityai/stable-cascade with stabilityai/stable-cascade-prior in its folder prior");
        }
        Optional<Family> family = Family.of(weights);
        if (family.isPresent()) {
            return Refusal.of(family.get())
                    .orElseGet(() -> new Refusal(
                            "a single-file checkpoint of " + family.get().title(),
                            "Give the file itself, not its folder"));
        }
        if (any(names, "down_blocks.") || any(names, "input_blocks.") || any(names, Family.UNET)) {
            return new Refusal("a UNet alone", WHOLE);
        }
        if (any(names, "decoder.") || any(names, "first_stage_model.")) {
            return new Refusal("an autoencoder (VAE) alone", "Give it beside a model, with --vae FILE");
        }
        if (any(names, "text_model.") || any(names, "cond_stage_model.") || any(names, "conditioner.")) {
            return new Refusal("a text encoder alone", WHOLE);
        }
        return new Refusal("a safetensors file of an unknown kind", FOLDER);
    }

    private static boolean any(Set<String> names, String prefix) {
        return names.stream().anyMatch(name -> name.startsWith(prefix));
    }

    private static boolean has(Set<String> names, String part) {
        return names.stream().anyMatch(name -> name.contains(part));
    }
}
