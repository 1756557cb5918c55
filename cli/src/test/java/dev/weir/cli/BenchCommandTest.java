package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BenchCommandTest {

    @TempDir
    Path folder;

    /** Finds a fault in odd seeds. */
    public static final class Finding implements Benchmark {

        @Override
        public String name() {
            return "finding";
        }

        @Override
        public String about() {
            return "faults of odd seeds";
        }

        @Override
        public Result run(Settings settings) {
            boolean passed = settings.seed() % 2 == 0;
            return new Result(List.of("", ""), List.of(List.of("passed", "" + passed)), Map.of(), passed);
        }
    }

    /** Draws its one number. */
    public static final class Drawing implements ChartedBenchmark {

        @Override
        public String name() {
            return "drawing";
        }

        @Override
        public String about() {
            return "a number";
        }

        @Override
        public Result run(Settings settings) {
            return new Result(List.of("n"), List.of(List.of("5")), Map.of("n", 5));
        }

        @Override
        public String chart(JsonNode numbers) {
            return "<svg>" + numbers.path("n").asInt() + "</svg>";
        }
    }

    @Test
    void aChartIsDrawnFromARunOrFromTheNumbersOfAnEarlierOne() throws IOException {
        Path svg = folder.resolve("chart.svg");
        assertThat(run(0, "bench", "drawing", "--plot", svg.toString())).contains("5");
        assertThat(svg).hasContent("<svg>5</svg>");
        Path earlier = Files.writeString(
                folder.resolve("earlier.json"),
                run(0, "bench", "drawing", "--json").replace("5", "7"));
        run(0, "bench", "drawing", "--plot", svg.toString(), "--from", earlier.toString());
        assertThat(svg).hasContent("<svg>7</svg>");
    }

    @Test
    void theNumbersOfAnotherBenchmarkAreNotDrawn() throws IOException {
        String svg = folder.resolve("chart.svg").toString();
        Path other = Files.writeString(folder.resolve("other.json"), "{\"benchmark\": \"engines\", \"n\": 7}");
        assertThat(run(CliException.FAILED, "bench", "drawing", "--plot", svg, "--from", other.toString()))
                .contains("other.json are those of the benchmark engines, not of drawing");
        Path nameless = Files.writeString(folder.resolve("nameless.json"), "{\"n\": 7}");
        assertThat(run(CliException.FAILED, "bench", "drawing", "--plot", svg, "--from", nameless.toString()))
                .contains("nameless.json does not say which benchmark", "\"benchmark\": \"drawing\"");
        assertThat(folder.resolve("chart.svg")).doesNotExist();
    }

    @Test
    void aChartThatCannotBeDrawnIsRefusedBeforeTheRun() {
        String svg = folder.resolve("chart.svg").toString();
        assertThat(run(CliException.USAGE, "bench", "finding", "--seed", "8", "--plot", svg))
                .contains("the benchmark finding has no chart")
                .doesNotContain("passed");
        assertThat(run(
                        CliException.USAGE,
                        "bench",
                        "drawing",
                        "--plot",
                        folder.resolve("none/chart.svg").toString()))
                .contains("--plot: cannot write", "none/chart.svg: No such file or directory")
                .doesNotContain("passed");
        assertThat(run(CliException.USAGE, "bench", "drawing", "--plot", "/"))
                .contains("--plot: cannot write /: Is a directory")
                .doesNotContain("passed");
        assertThat(run(CliException.USAGE, "bench", "drawing", "--from", "earlier.json"))
                .contains("--from needs --plot FILE");
        assertThat(run(CliException.FAILED, "bench", "drawing", "--plot", svg, "--from", "none.json"))
                .contains("--from: cannot read JSON from none.json");
    }

    @Test
    void theExitCodeSaysWhetherABenchmarkFoundAFault() {
        assertThat(bench(1, "--seed", "7")).contains("false");
        assertThat(bench(0, "--seed", "8")).contains("true");
    }

    private String bench(int code, String flag, String seed) {
        return run(code, "bench", "finding", flag, seed);
    }

    private String run(int code, String... words) {
        Path model = Path.of("../engine/src/test/resources/reference/checkpoints/sd1");
        StringWriter out = new StringWriter();
        PrintWriter both = new PrintWriter(out, true);
        String[] command = Stream.concat(Stream.of(words), Stream.of("--model", model.toString()))
                .toArray(String[]::new);
        int ended = Main.run(Map.of(), folder, both, both, command);
        assertThat(ended).as(out.toString()).isEqualTo(code);
        return out.toString();
    }
}
