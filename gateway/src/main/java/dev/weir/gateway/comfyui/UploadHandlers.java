package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.Caller;
import dev.weir.gateway.http.FormBody;
import dev.weir.gateway.http.UploadedImages;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.function.Consumer;

/** {@code /upload/image} and {@code /upload/mask}. Event loop of the gateway. */
final class UploadHandlers {

    private static final String IMAGE = "image";
    private static final String SUBFOLDER = "subfolder";
    private static final String INPUT = "input";
    private static final int LONGEST_NAME = 256;
    private static final Set<String> YES = Set.of("true", "1");

    private final UploadedImages images;
    private final Answers answers;
    private final Uploads uploads;

    UploadHandlers(UploadedImages images, Answers answers, Uploads uploads) {
        this.images = images;
        this.answers = answers;
        this.uploads = uploads;
    }

    void image(RoutingContext ctx) {
        FormBody.Parts form = FormBody.parts(ctx);
        read(ctx, form, image -> answer(ctx, form, add(ctx, form, image)));
    }

    private String add(RoutingContext ctx, FormBody.Parts form, ReadImage.Fine image) {
        boolean overwrites = YES.contains(form.texts().getOrDefault("overwrite", ""));
        return uploads.add(Caller.of(ctx), path(form, form.fileName(IMAGE)), image, overwrites);
    }

    /** The pixels of the image that {@code original_ref} names, and the transparency of the one that is sent. */
    void mask(RoutingContext ctx) {
        FormBody.Parts form = FormBody.parts(ctx);
        String caller = Caller.of(ctx);
        String original = original(form);
        ReadImage.Fine pixels = uploads.find(caller, original)
                .map(Uploads.Image::file)
                .orElseThrow(() -> invalid("original_ref names no uploaded image: " + original));
        read(ctx, form, mask -> {
            String name = add(ctx, form, pixels);
            uploads.mask(caller, name, mask);
            answer(ctx, form, name);
        });
    }

    private static String original(FormBody.Parts form) {
        Fields reference = reference(form.texts().getOrDefault("original_ref", "{}"));
        String folder = reference.text(SUBFOLDER).orElse("");
        return (folder.isEmpty() ? "" : folder + "/")
                + reference.text("filename").orElse("");
    }

    private static Fields reference(String json) {
        try {
            return Fields.parse(json.getBytes(StandardCharsets.UTF_8));
        } catch (ApiException e) {
            throw invalid("original_ref must be a JSON object");
        }
    }

    private void read(RoutingContext ctx, FormBody.Parts form, Consumer<ReadImage.Fine> then) {
        if (!form.texts().getOrDefault("type", INPUT).equals(INPUT)) {
            throw invalid("type must be input: Weir keeps no uploads elsewhere");
        }
        images.read(ctx, form, IMAGE, then);
    }

    private void answer(RoutingContext ctx, FormBody.Parts form, String path) {
        answers.json(
                ctx,
                200,
                new JsonObject()
                        .put("name", path.substring(path.lastIndexOf('/') + 1))
                        .put(SUBFOLDER, form.texts().getOrDefault(SUBFOLDER, ""))
                        .put("type", INPUT));
    }

    /** Of a file's name only what follows its last slash counts, as answers say it. */
    private static String path(FormBody.Parts form, String sent) {
        String name = sent.substring(sent.lastIndexOf('/') + 1);
        String folder = form.texts().getOrDefault(SUBFOLDER, "");
        String path = folder.isEmpty() ? name : folder + "/" + name;
        if (name.isEmpty() || path.length() > LONGEST_NAME || path.chars().anyMatch(Character::isISOControl)) {
            throw invalid("image must have a name of at most %d characters".formatted(LONGEST_NAME));
        }
        return path;
    }

    private static ApiException invalid(String message) {
        return new ApiException(ApiError.invalid("invalid_value", message, null));
    }
}
