package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;

/** Requests that name ControlNets and T2I-Adapters, each way in. Their pictures are those of diffusers. */
record ControlNetRequests(Server server, Path folder) {

    private static final Path REFERENCE = Repository.ROOT.resolve("engine/src/test/resources/reference");
    private static final Path HOME = REFERENCE.resolve("controlnets");
    private static final Path PHOTO = REFERENCE.resolve("images/photo.png");
    private static final Path ADAPTERS = REFERENCE.resolve("t2i_adapters");
    static final String FOLDERS = HOME.resolve("sd1") + "," + ADAPTERS.resolve("sd1");

    private static final ObjectMapper JSON = new ObjectMapper();

    void requireAll() throws IOException {
        assertThat(server.get("/v1/models/sd1").path("controlnets").toString())
                .isEqualTo("[\"edges\",\"full\",\"grey\",\"light\",\"pooled\",\"shapes\"]");
        jsonTogether();
        adaptersTogether();
        form();
        socket();
        commandLine();
    }

    /** Users who share the server's forwards. */
    private void jsonTogether() throws IOException {
        Map<String, List<Map<String, Object>>> cases = Map.of(
                "text", List.of(net("edges", 0.8)),
                "guess", List.of(with(net("edges", 0.8), "guess", true)),
                "two", List.of(with(net("edges", 0.8), "end", 0.5), with(net("shapes", 0.6), "start", 0.2)));
        Map<String, CompletableFuture<Server.Answer>> answers = new HashMap<>();
        cases.forEach((name, nets) -> answers.put(name, server.generate(request(nets))));
        for (var answer : answers.entrySet()) {
            byte[] made = picture(answer.getValue().join().body());
            requireLike(made, answer.getKey());
            assertThat(PngText.of(made).get("parameters"))
                    .contains("ControlNet 0: \"Module: none, Model: edges, Weight: 0.8");
        }
        Map<String, Object> changed = request(List.of(net("edges", 0.8)));
        changed.putAll(Map.of("init_image", base64(), "strength", 0.6));
        requireLike(picture(server.generate(changed).join().body()), "image");
        Map<String, Object> unknown = request(List.of(net("../edges", 1)));
        assertThat(server.generate(unknown)
                        .join()
                        .body()
                        .path("error")
                        .path("message")
                        .asText())
                .contains("\"../edges\" is no ControlNet that a node has for the model sd1; there are edges");
    }

    private void adaptersTogether() throws IOException {
        Map<String, CompletableFuture<Server.Answer>> answers = new HashMap<>();
        answers.put("text", server.generate(request(List.of(net("full", 0.8)))));
        answers.put("light", server.generate(request(List.of(net("light", 1.2)))));
        answers.put("two", server.generate(request(List.of(net("full", 0.6), net("grey", 0.8)))));
        for (var answer : answers.entrySet()) {
            byte[] made = picture(answer.getValue().join().body());
            requireLike(made, ADAPTERS.resolve(answer.getKey() + ".png"));
        }
    }

    private void form() throws IOException {
        Map<String, Object> form = request(List.of());
        form.put("controlnets", "[{\"name\": \"edges\", \"scale\": 1.5, \"start\": 0.25, \"end\": 0.75}]");
        form.put("controlnets[0].image", Files.readAllBytes(PHOTO));
        requireLike(
                picture(JSON.readTree(
                        server.form("/v1/images/generations", form).join())),
                "part");
    }

    private void socket() throws IOException {
        Map<String, Object> command =
                request(List.of(Map.of("name", "pooled", "image", "upload:photo", "preprocess", "none")));
        command.put("type", "generate");
        try (SocketPictures socket = new SocketPictures(server.url())) {
            socket.upload("photo", Files.readAllBytes(PHOTO));
            socket.send(JSON.writeValueAsString(command));
            Awaitility.await()
                    .until(() -> !socket.finals().isEmpty()
                            || !socket.events("error").isEmpty());
            assertThat(socket.events("error")).isEmpty();
            requireLike(socket.finals().get(0), "pooled");
        }
    }

    private void commandLine() throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "generate",
                "a red apple on a green hill",
                "--url=" + server.url(),
                "--model=sd1",
                "--negative=blurry, dark",
                "--controlnet=edges=" + PHOTO + ",scale=0.8",
                "--sampler=ddim",
                "--size=64x48",
                "--guidance=1",
                "--steps=8",
                "--seed=7",
                "--out=steered.png"));
        Outcome outcome = WeirProcess.run(folder, Map.of(), arguments);
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        requireLike(Files.readAllBytes(folder.resolve("steered.png")), "unguided");
    }

    private static Map<String, Object> net(String name, double scale) {
        try {
            return Map.of("name", name, "image", base64(), "scale", scale);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Map<String, Object> with(Map<String, Object> net, String key, Object value) {
        Map<String, Object> more = new HashMap<>(net);
        more.put(key, value);
        return more;
    }

    private static Map<String, Object> request(List<Map<String, Object>> nets) {
        Map<String, Object> request = new HashMap<>(Map.of(
                "model", "sd1",
                "prompt", "a red apple on a green hill",
                "negative_prompt", "blurry, dark",
                "sampler", "ddim",
                "guidance_scale", 5,
                "size", "64x48",
                "num_inference_steps", 8,
                "seed", 7));
        request.put("controlnets", nets);
        return request;
    }

    private static void requireLike(byte[] made, String reference) throws IOException {
        requireLike(made, HOME.resolve(reference + ".png"));
    }

    private static void requireLike(byte[] made, Path reference) throws IOException {
        assertThat(PictureError.psnr(made, reference)).as(reference.toString()).isGreaterThan(50);
    }

    private static String base64() throws IOException {
        return Base64.getEncoder().encodeToString(Files.readAllBytes(PHOTO));
    }

    private static byte[] picture(JsonNode answer) {
        String base64 = answer.path("data").path(0).path("b64_json").asText();
        assertThat(base64).as(answer.toString()).isNotEmpty();
        return Base64.getDecoder().decode(base64);
    }
}
