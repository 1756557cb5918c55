package dev.weir.tests.jvm;

import dev.weir.client.Frames;
import dev.weir.client.GenerationEvent;
import dev.weir.client.GenerationResult;
import dev.weir.client.ImageRequest;
import dev.weir.client.WeirClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** The example for Spring in docs/java.md, which {@link ExamplesTest} runs. */
@RestController
final class ImageController {

    private final WeirClient weir;

    ImageController(WeirClient weir) {
        this.weir = weir;
    }

    /** Server-sent events: "frame" while the image emerges, then "image". Each is a file in base64. */
    @GetMapping("/images")
    SseEmitter images(@RequestParam("prompt") String prompt) {
        SseEmitter events = new SseEmitter(0L);
        ImageRequest request =
                ImageRequest.builder(prompt).frames(Frames.everySteps(5)).build();
        CompletableFuture<GenerationResult> result = weir.generateAsync(request, event -> {
            if (event instanceof GenerationEvent.Frame frame) {
                send(events, "frame", frame.bytes());
            } else if (event instanceof GenerationEvent.Completed completed) {
                send(events, "image", completed.image().bytes());
            }
        });
        result.whenComplete((done, problem) -> {
            if (problem == null) {
                events.complete();
            } else {
                events.completeWithError(problem);
            }
        });
        events.onError(gone -> result.cancel(true));
        return events;
    }

    private static void send(SseEmitter events, String name, byte[] file) {
        try {
            events.send(SseEmitter.event().name(name).data(Base64.getEncoder().encodeToString(file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // The browser has gone. Throwing here cancels the job.
        }
    }
}
