package dev.weir.gateway.a1111;

import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.PictureJobs;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.ApiParts;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.http.RequestBody;
import dev.weir.gateway.http.RequestTrace;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.ledger.JobLedger;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** {@code extra-single-image} and {@code extra-batch-images}: pictures are resized by a decoder node, or enlarged by its upscalers. Event loop of the gateway. */
final class ExtrasHandlers {

    private static final int MOST = 10;
    private static final String IMAGE = "image";

    private final RequestBody body;
    private final RequestReader reader;
    private final JobLedger ledger;
    private final Answers answers;
    private final PictureJobs pictures;

    ExtrasHandlers(ApiParts parts, PictureJobs pictures) {
        this.body = parts.body();
        this.reader = parts.reader();
        this.ledger = parts.ledger();
        this.answers = parts.answers();
        this.pictures = pictures;
    }

    void mount(Router router, RequestTrace trace) {
        mount(router, trace, "extra-single-image", ExtrasHandlers::image, pictures -> new JsonObject()
                .put("html_info", "")
                .put("image", pictures.get(0)));
        mount(router, trace, "extra-batch-images", ExtrasHandlers::images, pictures -> new JsonObject()
                .put("html_info", "")
                .put("images", new JsonArray(pictures)));
    }

    /** A request and its pictures, which are read where its body is. */
    private record Asked(Fields fields, List<Fields> pictures) {}

    private void mount(
            Router router,
            RequestTrace trace,
            String name,
            Function<Fields, List<String>> images,
            Function<List<String>, JsonObject> answer) {
        router.post("/sdapi/v1/" + name)
                .handler(trace)
                .handler(body.gathering())
                .handler(ctx -> {
                    Asked[] asked = new Asked[1];
                    body.read(
                            ctx,
                            fields -> {
                                asked[0] = new Asked(
                                        fields,
                                        images.apply(fields).stream()
                                                .map(image -> reader.readImages(Fields.of(Map.of(IMAGE, image))))
                                                .toList());
                                return Fields.of(Map.of());
                            },
                            read -> resize(ctx, asked[0], answer));
                });
    }

    private static List<String> image(Fields asked) {
        return List.of(asked.text(IMAGE).orElseThrow(() -> asked.missing(IMAGE)));
    }

    private static List<String> images(Fields asked) {
        List<Fields> list = asked.objects("imageList", MOST);
        if (list.isEmpty()) {
            throw asked.missing("imageList");
        }
        return list.stream()
                .map(entry -> entry.text("data").orElseThrow(() -> entry.missing("data")))
                .toList();
    }

    private void resize(RoutingContext ctx, Asked asked, Function<List<String>, JsonObject> answer) {
        Upscale upscale = Upscale.of(asked.fields(), asked.pictures().size(), pictures.upscalers());
        List<JobSpec> specs = asked.pictures().stream()
                .map(picture -> pictures.resized(
                                picture,
                                upscale.upscaler(),
                                image -> upscale.of(asked.fields(), image.width(), image.height()))
                        .under(RequestTrace.of(ctx)))
                .toList();
        new ExtrasRun(ctx, ledger.of(Authentication.user(ctx)), answers, specs, answer).start();
    }
}
