package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerFileUpload;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** A form with files, as {@code multipart/form-data}. Files stay in memory. Event loop of its request. */
public final class FormBody {

    private static final String FORM = "weir.form";

    private final Map<String, byte[]> files = new TreeMap<>();
    private final Map<String, String> fileNames = new TreeMap<>();
    private long bytes;
    private boolean isOver;

    private FormBody() {}

    static boolean isForm(RoutingContext ctx) {
        String type = ctx.request().getHeader("Content-Type");
        return type != null && type.toLowerCase(Locale.ROOT).startsWith("multipart/form-data");
    }

    /** Reads the whole form, then goes on with the next handler. */
    static void gather(RoutingContext ctx, long mostBytes) {
        FormBody form = new FormBody();
        HttpServerRequest request = ctx.request();
        request.setExpectMultipart(true);
        request.exceptionHandler(broken -> form.end(ctx, broken));
        request.uploadHandler(upload -> form.read(ctx, upload, mostBytes));
        request.endHandler(read -> form.end(ctx, null));
        ctx.put(FORM, form);
    }

    private void read(RoutingContext ctx, HttpServerFileUpload upload, long mostBytes) {
        Buffer file = Buffer.buffer();
        upload.handler(part -> {
            bytes += part.length();
            if (bytes > mostBytes) {
                end(ctx, new ApiException(ApiError.TOO_LARGE));
            } else {
                file.appendBuffer(part);
            }
        });
        upload.endHandler(done -> {
            fileNames.put(upload.name(), upload.filename());
            if (files.put(upload.name(), file.getBytes()) != null) {
                String name = upload.name();
                String problem = name + " has several files; send one image";
                end(ctx, new ApiException(ApiError.invalid("invalid_value", problem, name)));
            }
        });
    }

    private void end(RoutingContext ctx, Throwable problem) {
        if (isOver) {
            return;
        }
        isOver = true;
        if (problem == null) {
            ctx.next();
        } else {
            ctx.fail(problem);
        }
    }

    /**
     * What a form says. Immutable; any thread.
     *
     * @param fileNames the clients' names of the files, by field
     */
    public record Parts(Map<String, String> texts, Map<String, byte[]> files, Map<String, String> fileNames) {

        /** Empty where the client has none. */
        public String fileName(String field) {
            return fileNames.getOrDefault(field, "");
        }

        Fields fields() {
            return Fields.ofForm(texts, files);
        }

        /** The content, independent of its boundary, which every client draws anew. */
        byte[] content() {
            Buffer content = Buffer.buffer();
            texts.forEach((name, text) -> append(content, name, text.getBytes(StandardCharsets.UTF_8)));
            files.forEach((name, file) -> append(content, name, file));
            return content.getBytes();
        }
    }

    /** Of a request whose body was gathered. */
    public static Parts parts(RoutingContext ctx) {
        Map<String, String> texts = new TreeMap<>();
        ctx.request().formAttributes().forEach(entry -> {
            if (texts.put(entry.getKey(), entry.getValue()) != null) {
                String name = entry.getKey();
                throw new ApiException(ApiError.invalid("invalid_value", name + " is there twice", name));
            }
        });
        FormBody form = ctx.get(FORM);
        if (form == null) {
            throw new ApiException(
                    ApiError.invalid(415, "unsupported_media_type", "Content-Type must be multipart/form-data", null));
        }
        return new Parts(texts, form.files, form.fileNames);
    }

    private static void append(Buffer content, String name, byte[] value) {
        byte[] named = name.getBytes(StandardCharsets.UTF_8);
        content.appendInt(named.length)
                .appendBytes(named)
                .appendInt(value.length)
                .appendBytes(value);
    }
}
