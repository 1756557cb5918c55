package dev.weir.gateway.a1111;

import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.Picture;
import dev.weir.picture.PngText;
import dev.weir.proto.v1.Generation;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The answer of one request, from the pictures that it has. A sample that was cancelled gives its newest frame, if it has one. Event loop of its request.
 */
final class PicturesAnswer {

    static final DateTimeFormatter TIMESTAMP = DateTimeFormatter.ofPattern("yyyyMMddHHmmss");

    /** Of the text in a PNG that says how it was made. */
    static final String KEYWORD = "parameters";

    private static final String PNG = "png";
    /** What the text of a picture of a second pass says. */
    static final String STRENGTH = "Denoising strength";

    /** What the picture of a second pass says of its own job, and that program does not say of a picture. */
    private static final List<String> OF_SECOND_JOB = List.of("Workflow", "Init image hash");

    private final RunningRequest request;
    private final JsonObject parameters;
    private final float cfg;
    private final Map<String, String> extras;

    /**
     * @param parameters what was asked, as the answer repeats it
     * @param cfg the guidance as that program counts it
     * @param extras what the text of a picture says of a second pass and of guidance
     */
    PicturesAnswer(RunningRequest request, JsonObject parameters, float cfg, Map<String, String> extras) {
        this.request = request;
        this.parameters = parameters;
        this.cfg = cfg;
        this.extras = extras;
    }

    /** Once all samples have ended. */
    JsonObject toJson() {
        JsonArray images = new JsonArray();
        List<String> texts = new ArrayList<>();
        List<Integer> samples = new ArrayList<>();
        for (int sample = 0; sample < request.samples(); sample++) {
            Optional<Picture> picture = request.picture(sample);
            if (picture.isPresent()) {
                byte[] file = picture.get().bytes();
                boolean isPng = picture.get().format().equals(PNG);
                String text = Infotext.of(request.spec(), request.spec().seed(sample), cfg, said(isPng, file));
                images.add(Base64.getEncoder().encodeToString(isPng ? told(file, text) : file));
                texts.add(text);
                samples.add(sample);
            }
        }
        return new JsonObject()
                .put("images", images)
                .put("parameters", parameters)
                .put("info", info(samples, texts).encode());
    }

    /** The latent of a first pass is for the second one alone. */
    private static byte[] told(byte[] file, String text) {
        return PngText.with(PngText.without(file, PngText.LATENT), KEYWORD, text);
    }

    private Map<String, String> said(boolean isPng, byte[] file) {
        Map<String, String> said = new LinkedHashMap<>(extras);
        String text = isPng ? PngText.of(file).get(KEYWORD) : null;
        if (text != null) {
            Infotext.parse(text).forEach(said::putIfAbsent);
        }
        if (request.second().isPresent()) {
            said.keySet().removeAll(OF_SECOND_JOB);
        }
        return said;
    }

    private JsonObject info(List<Integer> samples, List<String> texts) {
        JobSpec spec = request.spec();
        Generation made = spec.generation();
        List<Object> seeds =
                samples.stream().map(sample -> seed(spec.seed(sample))).toList();
        int count = samples.size();
        return new JsonObject()
                .put("prompt", made.getPrompt())
                .put("all_prompts", repeated(made.getPrompt(), count))
                .put("negative_prompt", made.getNegativePrompt())
                .put("all_negative_prompts", repeated(made.getNegativePrompt(), count))
                .put("seed", seed(spec.seed(0)))
                .put("all_seeds", new JsonArray(seeds))
                .put("subseed", seed(spec.seed(0)))
                .put("all_subseeds", new JsonArray(seeds))
                .put("subseed_strength", 0)
                .put("width", made.getWidth())
                .put("height", made.getHeight())
                .put("sampler_name", SamplerName.shown(made.getSampler()))
                .put(Ignored.CFG_SCALE, cfg)
                .put("steps", made.getSteps())
                .put("batch_size", spec.samples())
                .put("restore_faces", false)
                .putNull("face_restoration_model")
                .put("sd_model_name", spec.model())
                .putNull("sd_model_hash")
                .putNull("sd_vae_name")
                .putNull("sd_vae_hash")
                .put("seed_resize_from_w", -1)
                .put("seed_resize_from_h", -1)
                .put("denoising_strength", strength(made))
                .put("extra_generation_params", new JsonObject(new LinkedHashMap<>(extras)))
                .put("index_of_first_image", 0)
                .put("infotexts", new JsonArray(texts))
                .put("styles", new JsonArray())
                .put("job_timestamp", LocalDateTime.now().format(TIMESTAMP))
                .put("clip_skip", made.getClipSkip() + 1)
                .put("is_using_inpainting_conditioning", false)
                .put("version", "Weir");
    }

    /** That of a second pass, where there is one. */
    private Double strength(Generation made) {
        return extras.containsKey(STRENGTH)
                ? Double.valueOf(extras.get(STRENGTH))
                : made.hasStrength() ? made.getStrength() : null;
    }

    private static JsonArray repeated(String text, int count) {
        return new JsonArray(IntStream.range(0, count).mapToObj(i -> text).toList());
    }

    /** A number; clients of this API read no text here. */
    private static Object seed(long seed) {
        return seed < 0 ? new BigInteger(Long.toUnsignedString(seed)) : (Object) seed;
    }
}
