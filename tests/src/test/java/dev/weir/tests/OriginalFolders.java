package dev.weir.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.Conversion;
import dev.weir.engine.GuidedDiffusionOptions;
import dev.weir.engine.GuidedDiffusionTraining;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;

/** Folders that {@code weir models convert} makes of tiny original files of random numbers. */
public final class OriginalFolders {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String UPSAMPLER = "upsampler";
    private static final float DEVIATION = 0.05f;

    private OriginalFolders() {}

    /** A base of guided diffusion of 8 pixels with an upsampler to 16. */
    public static Path guidedDiffusion(Path folder) throws IOException {
        return write(folder, "adm", Optional.empty(), training("cosine", 8), training("linear", 16));
    }

    /** GLIDE of the same sizes. */
    public static Path glide(Path folder) throws IOException {
        Path vocabulary = FamilyFolder.REFERENCE.resolve("glide/tokenizer");
        return write(folder, "glide", Optional.of(vocabulary), size(8), size(16));
    }

    /** Point-voxel diffusion with few points, and so many steps. */
    public static Path pointVoxel(Path folder, int steps) throws IOException {
        Path out = folder.resolve("points");
        var training = new GuidedDiffusionTraining(
                "", Optional.of("linear"), OptionalInt.empty(), OptionalInt.empty(), false, OptionalInt.empty());
        var options = new GuidedDiffusionOptions(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                training,
                GuidedDiffusionOptions.NONE.upsamplerTraining(),
                false);
        Conversion.of(file(folder, "pvd", "pvcnn2"), out, false, options).write(bytes -> {});
        Files.copy(
                FamilyFolder.REFERENCE.resolve("pvd/config.json"),
                out.resolve("pvcnn/config.json"),
                StandardCopyOption.REPLACE_EXISTING);
        Path scheduler = out.resolve("scheduler/scheduler_config.json");
        ObjectNode json = (ObjectNode) JSON.readTree(scheduler.toFile());
        Files.writeString(scheduler, json.put("num_train_timesteps", steps).toString());
        return out;
    }

    private static Path write(
            Path folder,
            String family,
            Optional<Path> vocabulary,
            GuidedDiffusionTraining small,
            GuidedDiffusionTraining large)
            throws IOException {
        Path out = folder.resolve(family);
        var options = new GuidedDiffusionOptions(
                Optional.empty(),
                Optional.of(file(folder, family, UPSAMPLER)),
                vocabulary,
                small,
                large.ofUpsampler(),
                false);
        Conversion.of(file(folder, family, "base"), out, false, options).write(bytes -> {});
        return out;
    }

    private static GuidedDiffusionTraining training(String schedule, int side) {
        return new GuidedDiffusionTraining(
                "", Optional.of(schedule), OptionalInt.of(2), OptionalInt.empty(), false, OptionalInt.of(side));
    }

    private static GuidedDiffusionTraining size(int side) {
        return new GuidedDiffusionTraining(
                "", Optional.empty(), OptionalInt.empty(), OptionalInt.empty(), false, OptionalInt.of(side));
    }

    private static Path file(Path folder, String family, String network) throws IOException {
        ObjectNode header = JSON.createObjectNode();
        var bytes = new ByteArrayOutputStream();
        Random random = new Random(7);
        for (JsonNode one : JSON.readTree(
                FamilyFolder.REFERENCE.resolve(family).resolve("networks.json").toFile())) {
            if (one.get("name").asText().equals(network)) {
                for (JsonNode tensor : one.get("tensors")) {
                    ObjectNode entry = header.putObject(tensor.get("name").asText());
                    entry.put("dtype", "F32").set("shape", tensor.get("shape"));
                    entry.putArray("data_offsets").add(bytes.size()).add(bytes.size() + write(tensor, random, bytes));
                }
            }
        }
        Path file = folder.resolve(network + ".safetensors");
        byte[] start = header.toString().getBytes(StandardCharsets.UTF_8);
        try (var out = new DataOutputStream(Files.newOutputStream(file))) {
            out.writeLong(Long.reverseBytes(start.length));
            out.write(start);
            bytes.writeTo(out);
        }
        return file;
    }

    /** The bytes of a tensor, of which there are as many. */
    private static int write(JsonNode tensor, Random random, ByteArrayOutputStream bytes) throws IOException {
        int count = 1;
        for (JsonNode side : tensor.get("shape")) {
            count *= side.asInt();
        }
        var out = new DataOutputStream(bytes);
        for (int i = 0; i < count; i++) {
            out.writeInt(Integer.reverseBytes(Float.floatToIntBits((float) random.nextGaussian() * DEVIATION)));
        }
        return count * Float.BYTES;
    }
}
