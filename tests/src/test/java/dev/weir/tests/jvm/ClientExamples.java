package dev.weir.tests.jvm;

import dev.weir.client.Frames;
import dev.weir.client.GatewayBusyException;
import dev.weir.client.GenerationEvent;
import dev.weir.client.GenerationResult;
import dev.weir.client.ImageRequest;
import dev.weir.client.InvalidRequestException;
import dev.weir.client.WeirClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** The examples of docs/java.md, which {@link ExamplesTest} runs. */
final class ClientExamples {

    private ClientExamples() {}

    static void drawOne(String url, Path file) throws IOException {
        WeirClient weir = WeirClient.of(url); // such as http://127.0.0.1:8080
        GenerationResult result = weir.generate(ImageRequest.of("a red apple"));
        Files.write(file, result.image().bytes());
    }

    static WeirClient connect(String token) {
        WeirClient weir = WeirClient.builder()
                .gateway("https://weir-1.example.org")
                .gateway("https://weir-2.example.org")
                .apiKey(token)
                .build();
        return weir;
    }

    static GenerationResult draw(WeirClient weir, Path folder) throws IOException {
        ImageRequest request = ImageRequest.builder("a red apple")
                .seed(7)
                .steps(20)
                .frames(Frames.everySteps(5))
                .build();

        GenerationResult result = weir.generate(request, event -> {
            if (event instanceof GenerationEvent.Progress progress) {
                System.out.printf("step %d of %d%n", progress.step(), progress.total());
            } else if (event instanceof GenerationEvent.Frame frame) {
                System.out.printf("a frame of %d bytes%n", frame.bytes().length);
            }
        });

        Files.write(folder.resolve("apple.png"), result.image().bytes());
        return result;
    }

    static CompletableFuture<GenerationResult> start(WeirClient weir, ImageRequest request) {
        CompletableFuture<GenerationResult> result = weir.generateAsync(request);
        result.thenAccept(done -> System.out.println("seed " + done.image().seed()));
        return result;
    }

    static boolean stop(CompletableFuture<GenerationResult> result) {
        return result.cancel(true); // cancels the job in the cluster too
    }

    static String explain(WeirClient weir, ImageRequest request) {
        try {
            return "job " + weir.generate(request).job();
        } catch (InvalidRequestException e) {
            return e.param().orElse("request") + ": " + e.getMessage(); // e.code() is stable, such as unsupported_size
        } catch (GatewayBusyException e) {
            return "try again in " + e.retryAfter().orElse(Duration.ofSeconds(5));
        }
    }
}
