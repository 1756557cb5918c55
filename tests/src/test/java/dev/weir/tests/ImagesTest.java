package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures that requests bring, from the command line and over HTTP: changed and painted as diffusers' pipelines do it. */
final class ImagesTest {

    static final Path REFERENCE = Repository.ROOT.resolve("engine/src/test/resources/reference");
    private static final Path MODEL = REFERENCE.resolve("checkpoints/sd1");
    private static final Path EDITED = REFERENCE.resolve("instruct_pix2pix");
    static final Path PICTURES = REFERENCE.resolve("images");
    private static final Path LORAS = REFERENCE.resolve("lora");
    private static final Path VARIATIONS = REFERENCE.resolve("variations");
    private static final Path PRIORS = REFERENCE.resolve("priors");

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @Test
    void theCommandChangesAPictureAndPaintsAPartOfIt() throws IOException {
        run("--image=" + PICTURES.resolve("photo.png"), "--strength=0.6", "--out=changed.png");
        assertThat(psnr(Files.readAllBytes(folder.resolve("changed.png")), "image-ddim"))
                .isGreaterThan(50);
        run(
                "--image=" + PICTURES.resolve("photo.png"),
                "--mask=" + PICTURES.resolve("mask.png"),
                "--strength=0.8",
                "--mask-blur=3",
                "--padding-mask-crop=9",
                "--out=painted.png");
        byte[] painted = Files.readAllBytes(folder.resolve("painted.png"));
        assertThat(psnr(painted, "inpaint-region-blurred")).isGreaterThan(50);
        assertThat(PngText.of(painted).get("parameters"))
                .contains("Denoising strength: 0.8, Mask blur: 3")
                .contains("Inpaint area: Only masked, Masked area padding: 9")
                .contains("Workflow: inpainting_crop")
                .containsPattern("Init image hash: [0-9a-f]{64}, .*Mask hash: [0-9a-f]{64}");
    }

    private void run(String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "generate",
                "a red apple on a green hill",
                "--negative=blurry, dark",
                "--model=" + MODEL,
                "--sampler=ddim",
                "--size=96x64",
                "--guidance=7.5",
                "--steps=20",
                "--seed=7"));
        arguments.addAll(List.of(more));
        Outcome outcome = WeirProcess.run(folder, Map.of(), arguments);
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    }

    /** Each way in gives the picture that diffusers' pipeline makes of the same files. */
    @Test
    void aServerTakesPicturesInJsonFormsAndOnSockets() throws Exception {
        List<String> command = new ArrayList<>(List.of("up", "--port", "0", "--model", MODEL.toString()));
        for (String name : List.of("plain", "unclip")) {
            command.addAll(List.of("--model", VARIATIONS.resolve(name).toString()));
        }
        command.addAll(List.of("--model", PRIORS.resolve("pipeline").toString()));
        command.addAll(List.of("--model", PixArtRequests.MODEL.toString()));
        for (String name : List.of("depth", "upscale-x4", "upscale-latent")) {
            command.addAll(List.of("--model", BesideModels.in(folder, name).toString()));
        }
        command.addAll(List.of(
                "--model", FamilyFolder.instructPix2Pix(folder.resolve("edit")).toString()));
        Path more = Files.createDirectory(folder.resolve("loras"));
        command.add("--lora-dir=" + LORAS + "," + more);
        command.add("--ip-adapter-dir=" + IpAdapterRequests.IP_ADAPTERS);
        command.add("--controlnet-dir=" + ControlNetRequests.FOLDERS);
        command.add("--embedding-dir=" + REFERENCE.resolve("words/embeddings"));
        command.add("--upscaler-dir=" + UpscalerRequests.files(folder));
        try (WeirProcess process = WeirProcess.start(command)) {
            Server server = Server.at(process.awaitReady());
            Files.copy(LORAS.resolve("peft.safetensors"), more.resolve("added-later.safetensors"));
            variesAPicture(server);
            editsAPicture(server);
            LoraRequests.check(server, LORAS);
            readsPrompts(server);
            makesAPictureWithAPrior(server);
            A1111Request.requirePicture(server);
            A1111Request.requireSecondPass(server);
            new ControlNetRequests(server, folder).requireAll();
            IpAdapterRequests.seesImagesBesideThePrompt(server);
            UpscalerRequests.check(server);
            PixArtRequests.check(server);

            byte[] changed = generate(server, Map.of("init_image", base64("photo.png"), "strength", 0.6));
            assertThat(psnr(changed, "image-ddim")).isGreaterThan(50);
            byte[] painted = generate(server, Map.of("init_image", base64("photo.png"), "mask", base64("mask.png")));
            assertThat(psnr(painted, "inpaint-ddim")).isGreaterThan(50);
            assertThat(psnr(edit(server), "inpaint-region-blurred")).isGreaterThan(50);
            assertThat(psnr(onSocket(server), "inpaint-blurred")).isGreaterThan(50);

            refused(server, Map.of("init_image", base64("photo.png"), "strength", 0.01), "strength leaves no step");
            refused(
                    server,
                    Map.of("init_image", base64("photo.png"), "mask", base64(black()), "padding_mask_crop", 4),
                    "the mask marks nothing");

            requireBeside(
                    server,
                    "depth",
                    Map.of("init_image", base64("photo.png"), "depth_map", beside("map.png"), "size", "100x68"));
            for (String upscaler : List.of("upscale-x4", "upscale-latent")) {
                // Its picture has the size that the image gives it.
                requireBeside(
                        server,
                        upscaler,
                        Map.of("init_image", beside("small.png"), "guidance_scale", 9, "size", "auto"));
            }
        }
    }

    private static void readsPrompts(Server server) throws IOException {
        byte[] plain = generate(server, Map.of("prompt", "a (red:1.4) apple"));
        byte[] weighted = generate(server, Map.of("prompt", "a (red:1.4) apple", "prompt_syntax", "a1111"));
        assertThat(weighted).isNotEqualTo(plain);
        assertThat(PngText.of(weighted).get("parameters")).contains("Prompt syntax: a1111");
        assertThat(PngText.of(plain).get("parameters")).doesNotContain("Prompt syntax");
        refused(server, Map.of("prompt", "a cat.swap(dog)", "prompt_syntax", "compel"), "swap() is not supported");
        refused(server, Map.of("prompt", "a cat", "prompt_syntax", "invoke"), "must be one of");
        byte[] word = generate(server, Map.of("prompt", "a several apple"));
        assertThat(word)
                .isNotEqualTo(generate(server, Map.of("prompt", "a several apple", "prompt_syntax", "comfyui")));
    }

    /** Without a size, in that of the model: it does not look at the picture's. */
    private static void variesAPicture(Server server) throws IOException {
        Map<String, Object> request = new HashMap<>();
        request.put("model", "plain");
        request.put("image", base64("photo.png"));
        request.put("sampler", "pndm");
        request.put("num_inference_steps", 20);
        request.put("seed", 7);
        request.put("response_format", "b64_json");
        JsonNode answer = server.post("/v1/images/variations", request).join().body();
        assertThat(PictureError.psnr(picture(answer), VARIATIONS.resolve("plain-pndm.png")))
                .isGreaterThan(50);

        Map<String, Object> unclip = new HashMap<>(request);
        unclip.remove("image");
        unclip.put("model", "unclip");
        unclip.put("init_image", base64("mask.png"));
        unclip.put("prompt", "a red apple on a green hill");
        unclip.put("sampler", "ddim");
        unclip.put("guidance_scale", 1);
        unclip.put("noise_level", 999);
        answer = server.generate(unclip).join().body();
        assertThat(PictureError.psnr(picture(answer), VARIATIONS.resolve("unclip-unguided.png")))
                .isGreaterThan(50);

        request.put("prompt", "a red apple");
        assertThat(server.post("/v1/images/variations", request)
                        .join()
                        .body()
                        .path("error")
                        .path("message")
                        .asText())
                .isEqualTo(
                        "prompt is not taken by \"plain\", which takes init_image, guidance_scale, guidance_rescale, "
                                + "guidance_start, guidance_end, guidance_reuse");
    }

    private static void makesAPictureWithAPrior(Server server) throws IOException {
        Map<String, Object> request = new HashMap<>();
        request.put("model", "pipeline");
        request.put("prompt", "a red apple on a green hill");
        request.put("num_inference_steps", 20);
        request.put("seed", 7);
        request.put("response_format", "b64_json");
        byte[] made = picture(server.generate(request).join().body());
        assertThat(PictureError.psnr(made, PRIORS.resolve("text.png"))).isGreaterThan(50);
        assertThat(PngText.of(made).get("parameters")).contains("Prior steps: 25, Prior guidance scale: 4.0");
    }

    private static void requireBeside(Server server, String model, Map<String, Object> more) throws IOException {
        Map<String, Object> request = request(more);
        request.put("model", model);
        request.remove("sampler");
        byte[] made = picture(server.generate(request).join().body());
        assertThat(PictureError.psnr(made, BesideModels.HOME.resolve(model + ".png")))
                .isGreaterThan(50);
    }

    private static String beside(String name) throws IOException {
        return base64(Files.readAllBytes(BesideModels.HOME.resolve(name)));
    }

    /** By a model that does what the prompt says: over JSON, by a form, and from the command line, which uses the socket. */
    private void editsAPicture(Server server) throws IOException {
        Map<String, Object> edit = new HashMap<>(request(Map.of()));
        edit.putAll(Map.of("model", "edit", "prompt", "make it a red apple", "size", "64x48"));
        Map<String, Object> json = new HashMap<>(edit);
        json.putAll(Map.of("init_image", base64("photo.png"), "sampler", "euler_ancestral"));
        assertThat(PictureError.psnr(picture(server.generate(json).join().body()), EDITED.resolve("sd.png")))
                .as("an image guidance scale of 1.5 if the request does not say it")
                .isGreaterThan(50);

        Map<String, Object> form = new HashMap<>(edit);
        form.putAll(Map.of(
                "image[]",
                Files.readAllBytes(PICTURES.resolve("photo.png")),
                "image_guidance_scale",
                0.5,
                "num_inference_steps",
                6));
        JsonNode answer = JSON.readTree(server.form("/v1/images/edits", form).join());
        assertThat(PictureError.psnr(picture(answer), EDITED.resolve("sd-little-image.png")))
                .isGreaterThan(50);

        refused(server, Map.of("init_image", base64("photo.png"), "image_guidance_scale", 2), "image_guidance_scale");
        json.put("image_guidance_scale", 51);
        refused(server, json, "image_guidance_scale must be from");

        Outcome outcome = WeirProcess.run(
                folder,
                Map.of(),
                List.of(
                        "generate",
                        "make it a red apple",
                        "--url=" + server.url(),
                        "--model=edit",
                        "--image=" + PICTURES.resolve("photo.png"),
                        "--image-guidance=2.2",
                        "--guidance=5",
                        "--sampler=ddim",
                        "--size=64x48",
                        "--steps=20",
                        "--seed=7",
                        "--out=edited.png"));
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(PictureError.psnr(Files.readAllBytes(folder.resolve("edited.png")), EDITED.resolve("sd-absent.png")))
                .isGreaterThan(50);
    }

    static Map<String, Object> request(Map<String, Object> more) {
        Map<String, Object> request = new HashMap<>(Map.of(
                "model",
                "sd1",
                "prompt",
                "a red apple on a green hill",
                "negative_prompt",
                "blurry, dark",
                "sampler",
                "ddim",
                "guidance_scale",
                7.5,
                "size",
                "96x64",
                "num_inference_steps",
                20,
                "seed",
                7));
        request.putAll(more);
        return request;
    }

    private static byte[] generate(Server server, Map<String, Object> more) {
        return picture(server.generate(request(more)).join().body());
    }

    static void refused(Server server, Map<String, Object> more, String message) {
        Server.Answer answer = server.generate(request(more)).join();
        assertThat(answer.status()).as(answer.body().toString()).isEqualTo(400);
        assertThat(answer.body().path("error").path("message").asText()).contains(message);
    }

    /** As OpenAI's libraries send it, with partial images. */
    private static byte[] edit(Server server) throws IOException {
        Map<String, Object> form = request(Map.of(
                "image[]",
                Files.readAllBytes(PICTURES.resolve("photo.png")),
                "mask",
                Files.readAllBytes(PICTURES.resolve("mask.png")),
                "strength",
                0.8,
                "mask_blur",
                3,
                "padding_mask_crop",
                9,
                "stream",
                true,
                "partial_images",
                1));
        String events = server.form("/v1/images/edits", form).join();
        assertThat(events).contains("event: image_edit.partial_image", "data: [DONE]");
        String completed = events.lines()
                .dropWhile(line -> !line.equals("event: image_edit.completed"))
                .filter(line -> line.startsWith("data: "))
                .findFirst()
                .orElseThrow(() -> new AssertionError(events));
        return Base64.getDecoder()
                .decode(JSON.readTree(completed.substring("data: ".length()))
                        .path("b64_json")
                        .asText());
    }

    private static byte[] onSocket(Server server) throws IOException {
        Map<String, Object> command = request(Map.of(
                "type",
                "generate",
                "init_image",
                "upload:photo",
                "mask",
                "upload:mask",
                "mask_blur",
                4,
                "preview",
                Map.of()));
        try (SocketPictures socket = new SocketPictures(server.url())) {
            socket.upload("photo", Files.readAllBytes(PICTURES.resolve("photo.png")));
            socket.upload("mask", Files.readAllBytes(PICTURES.resolve("mask.png")));
            socket.send(JSON.writeValueAsString(command));
            Awaitility.await()
                    .until(() -> !socket.finals().isEmpty()
                            || !socket.events("error").isEmpty());
            assertThat(socket.events("error")).isEmpty();
            return socket.finals().get(0);
        }
    }

    private static byte[] black() throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(101, 70, BufferedImage.TYPE_BYTE_GRAY), "png", file);
        return file.toByteArray();
    }

    private static double psnr(byte[] picture, String reference) throws IOException {
        return PictureError.psnr(picture, PICTURES.resolve(reference + ".png"));
    }

    private static String base64(byte[] file) {
        return Base64.getEncoder().encodeToString(file);
    }

    static String base64(String name) throws IOException {
        return base64(Files.readAllBytes(PICTURES.resolve(name)));
    }

    static byte[] picture(JsonNode answer) {
        String base64 = answer.path("data").path(0).path("b64_json").asText();
        assertThat(base64).as(answer.toString()).isNotEmpty();
        return Base64.getDecoder().decode(base64);
    }
}
