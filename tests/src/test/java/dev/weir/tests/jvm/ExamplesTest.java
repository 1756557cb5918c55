package dev.weir.tests.jvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.get;
import static org.springframework.test.web.servlet.setup.MockMvcBuilders.standaloneSetup;

import dev.weir.client.GenerationResult;
import dev.weir.client.ImageRequest;
import dev.weir.client.WeirClient;
import dev.weir.tests.Repository;
import dev.weir.tests.UpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.test.web.servlet.MvcResult;

/** The Java code in the documentation: it is compiled and run here, and the documentation contains no other. */
final class ExamplesTest {

    private static final Path SOURCES = Repository.ROOT.resolve("tests/src/test/java/dev/weir/tests/jvm");
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern LAST_EVENT = Pattern.compile("event:image\ndata:(\\S+)\n");

    @RegisterExtension
    static final UpServer UP = new UpServer();

    @TempDir
    Path folder;

    private final WeirClient weir = WeirClient.of(UP.server().url());

    @Test
    void theReadmesExampleWritesAPicture() throws IOException {
        Path file = folder.resolve("apple.png");
        ClientExamples.drawOne(UP.server().url().toString(), file);
        assertThat(ImageIO.read(file.toFile())).isNotNull();
    }

    @Test
    void theExampleForTheClientWritesAPicture() throws IOException {
        GenerationResult result = ClientExamples.draw(weir, folder);
        assertThat(result.image().seed()).isEqualTo(7);
        assertThat(result.image().steps()).isEqualTo(20);
        assertThat(ImageIO.read(folder.resolve("apple.png").toFile()).getWidth())
                .isEqualTo(result.image().width());
    }

    @Test
    void theExampleForFuturesCompletesAndCancels() {
        ImageRequest small = ImageRequest.builder("x").steps(2).build();
        assertThat(ClientExamples.start(weir, small).join().images()).hasSize(1);
        CompletableFuture<GenerationResult> running =
                ClientExamples.start(weir, small.toBuilder().count(10).build());
        assertThat(ClientExamples.stop(running)).isTrue();
    }

    @Test
    void theExampleForErrorsNamesTheField() {
        assertThat(ClientExamples.explain(
                        weir, ImageRequest.builder("x").steps(2).build()))
                .startsWith("job ");
        assertThat(ClientExamples.explain(
                        weir, ImageRequest.builder("x").size(99, 99).build()))
                .startsWith("size: ");
    }

    @Test
    void theExampleForConnectingBuilds() {
        try (WeirClient built = ClientExamples.connect("token")) {
            assertThat(built).isNotNull();
        }
    }

    @Test
    void theExampleForOpenAisLibraryReturnsAPicture() throws IOException {
        byte[] file = OpenAiExample.draw(UP.server().url() + "/v1", "any");
        assertThat(ImageIO.read(new ByteArrayInputStream(file))).isNotNull();
    }

    @Test
    void theExampleForLangChain4jReturnsAPicture() throws IOException {
        byte[] file = LangChainExample.draw(UP.server().url() + "/v1", "any");
        assertThat(ImageIO.read(new ByteArrayInputStream(file))).isNotNull();
    }

    @Test
    void theExampleForQuarkusReturnsAPicture() throws IOException {
        WeirProducer producer = new WeirProducer();
        WeirClient bean = producer.weirClient(List.of(UP.server().url().toString()));
        byte[] file = new ImageResource(bean)
                .image("a red apple")
                .toCompletableFuture()
                .join();
        assertThat(ImageIO.read(new ByteArrayInputStream(file))).isNotNull();
        producer.close(bean);
    }

    @Test
    void theExampleForSpringStreamsFramesAndThenTheImage() throws Exception {
        WeirClient bean = new WeirConfiguration()
                .weirClient(new String[] {UP.server().url().toString()});
        MvcResult answer = standaloneSetup(new ImageController(bean))
                .build()
                .perform(get("/images").param("prompt", "a red apple"))
                .andReturn();
        answer.getAsyncResult(Duration.ofMinutes(2).toMillis());
        MockHttpServletResponse response = answer.getResponse();
        assertThat(response.getContentType()).startsWith("text/event-stream");
        assertThat(response.getContentAsString()).contains("event:frame\n");
        Matcher image = LAST_EVENT.matcher(response.getContentAsString());
        assertThat(image.find()).isTrue();
        byte[] file = Base64.getDecoder().decode(image.group(1));
        assertThat(ImageIO.read(new ByteArrayInputStream(file))).isNotNull();
    }

    @Test
    void theDocumentationShowsNoOtherJavaThanThis() throws IOException {
        List<String> shown = new ArrayList<>();
        for (Path document : documents()) {
            JAVA_BLOCK.matcher(Files.readString(document)).results().forEach(found -> shown.add(lines(found.group(1))));
        }
        List<String> compiled = new ArrayList<>();
        try (Stream<Path> files = Files.list(SOURCES)) {
            for (Path file : files.toList()) {
                compiled.add(lines(Files.readString(file)));
            }
        }
        assertThat(shown).hasSizeGreaterThan(4).allSatisfy(block -> assertThat(compiled)
                .as("a source of %s that holds\n%s", SOURCES, block)
                .anyMatch(source -> source.contains(block)));
    }

    private static List<Path> documents() throws IOException {
        try (Stream<Path> files = Files.list(Repository.ROOT.resolve("docs"))) {
            return Stream.concat(Stream.of(Repository.ROOT.resolve("README.md")), files)
                    .filter(file -> file.toString().endsWith(".md"))
                    .toList();
        }
    }

    /** The text without indentation and empty lines. */
    private static String lines(String text) {
        return String.join(
                "\n",
                text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList());
    }
}
