package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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

    @Test
    void theExitCodeSaysWhetherABenchmarkFoundAFault() {
        assertThat(bench(1, "--seed", "7")).contains("false");
        assertThat(bench(0, "--seed", "8")).contains("true");
    }

    private String bench(int code, String... seed) {
        Path model = Path.of("../engine/src/test/resources/reference/checkpoints/sd1");
        StringWriter out = new StringWriter();
        PrintWriter both = new PrintWriter(out, true);
        int ended = Main.run(
                Map.of(), folder, both, both, "bench", "finding", "--model", model.toString(), seed[0], seed[1]);
        assertThat(ended).as(out.toString()).isEqualTo(code);
        return out.toString();
    }
}
