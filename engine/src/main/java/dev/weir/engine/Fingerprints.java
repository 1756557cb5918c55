package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.inversion.Embedding;
import dev.weir.engine.pipeline.Component;
import dev.weir.engine.pipeline.Component.Use;
import dev.weir.engine.pipeline.Pipeline;
import dev.weir.engine.weights.Sampling;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Tells whether two folders hold the same model, for the parts that both have: a digest of each part's configuration, of
 * its tensors by {@link Sampling}, and of the tokenizer or scheduler that belongs to it. What the pipeline does with absent
 * prompts counts with its text encoders. It detects any training, merge or change of precision, but not every edit of a few numbers of a large part. Notes of publishers' tools, such as {@code
 * _diffusers_version}, do not count. Stateless; any thread.
 */
final class Fingerprints {

    private static final int HEX_DIGITS = 16;

    /** A vocabulary is larger, has no notes, and takes long to parse. */
    private static final long LARGEST_PARSED = 64 << 10;

    private static final byte[] ZERO_NEGATIVE = "zeroNegative".getBytes(StandardCharsets.UTF_8);

    private Fingerprints() {}

    /** By part; without those whose weights are not in the folder or cannot be read. */
    static Map<String, String> of(PipelineIndex index, Pipeline pipeline) {
        Map<String, String> fingerprints = new TreeMap<>();
        for (Component component : index.type().components()) {
            String part = component.folder();
            if (!component.use().hasWeights()) {
                continue;
            }
            try {
                fingerprints.put(part, of(index, component, pipeline));
            } catch (ModelException | IOException e) {
                // Another node's part: what is wrong with its own, a stage says when it opens it.
            }
        }
        return Collections.unmodifiableMap(fingerprints);
    }

    private static String of(PipelineIndex index, Component component, Pipeline pipeline) throws IOException {
        MessageDigest digest = sha256();
        digest.update(index.className().getBytes(StandardCharsets.UTF_8));
        if (component.use() == Use.DENOISER) {
            settings(index, digest);
        }
        json(index.config(component.folder()).json(), digest);
        Sampling.digest(index.weights(component.folder()), digest);
        for (String companion : component.companions()) {
            Path folder = index.home(companion);
            // Where all parts lie in one place, a companion is one file of it.
            files(folder, folder.equals(index.source().folder()) ? companion : "", digest);
            ObjectNode changes = index.source().changes(companion);
            if (!changes.isEmpty()) {
                json(changes, digest);
            }
        }
        if (component.use() == Use.TEXT_ENCODER && pipeline.zeroNegative()) {
            digest.update(ZERO_NEGATIVE);
        }
        return HexFormat.of().formatHex(digest.digest()).substring(0, HEX_DIGITS);
    }

    private static void settings(PipelineIndex index, MessageDigest digest) {
        index.type().settings().stream()
                .filter(key -> index.json().has(key))
                .forEach(key -> digest.update((key + index.json().get(key)).getBytes(StandardCharsets.UTF_8)));
    }

    /** @param prefix of the files' names */
    private static void files(Path folder, String prefix, MessageDigest digest) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> all = Files.list(folder)) {
            List<Path> files = all.filter(file -> isConfiguration(file) && Files.isRegularFile(file))
                    .filter(file -> file.getFileName().toString().startsWith(prefix))
                    .sorted()
                    .toList();
            for (Path file : files) {
                String name = file.getFileName().toString();
                digest.update(name.getBytes(StandardCharsets.UTF_8));
                if (name.endsWith(".json") && Files.size(file) <= LARGEST_PARSED) {
                    json(JsonFile.read(file), digest);
                } else {
                    CRC32C checksum = new CRC32C();
                    checksum.update(Files.readAllBytes(file));
                    digest.update(Long.toHexString(checksum.getValue()).getBytes(StandardCharsets.UTF_8));
                }
            }
        }
    }

    /** Of all embeddings together. A word depends on the name of its file. */
    static String of(Map<String, Embedding> embeddings) {
        MessageDigest digest = sha256();
        new TreeMap<>(embeddings)
                .forEach((name, embedding) ->
                        digest.update((name + "\n" + embedding.fingerprint() + "\n").getBytes(StandardCharsets.UTF_8)));
        return HexFormat.of().formatHex(digest.digest()).substring(0, HEX_DIGITS);
    }

    private static boolean isConfiguration(Path file) {
        return file.toString().matches(".*\\.(json|txt|model)");
    }

    private static void json(JsonNode json, MessageDigest digest) {
        digest.update(canonical(json).toString().getBytes(StandardCharsets.UTF_8));
    }

    /** The keys of the object in order, without its notes; objects in it stay as they are written. */
    private static Map<String, JsonNode> canonical(JsonNode json) {
        Map<String, JsonNode> sorted = new TreeMap<>();
        json.properties().stream()
                .filter(entry -> !ComponentConfig.isNote(entry.getKey()))
                .forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
        return sorted;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
