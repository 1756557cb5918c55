package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.gateway.GatewayConfig.Results;
import dev.weir.gateway.GatewayConfig.Results.Bucket;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The store of a gateway, with its password, which is never printed, and the folder of results. */
final class StorageOptionsTest {

    @TempDir
    Path folder;

    private final StringWriter err = new StringWriter();

    private int gateway(Map<String, String> environment, String... store) {
        String[] all = new String[store.length + 3];
        all[0] = "node";
        all[1] = "gateway";
        all[2] = "-v";
        System.arraycopy(store, 0, all, 3, store.length);
        PrintWriter writer = new PrintWriter(err, true);
        return Main.run(environment, folder, writer, writer, all);
    }

    @Test
    void aPasswordInTheUrlIsRefusedAndNotPrinted() {
        assertThat(gateway(Map.of(), "--store", "postgresql://weir:hush@db/weir"))
                .isEqualTo(CliException.USAGE);
        assertThat(err.toString())
                .contains("--store: its password must not be in the URL", "WEIR_STORE_PASSWORD")
                .doesNotContain("hush");
    }

    @Test
    void aPasswordInTheEnvironmentIsNotPrinted() {
        assertThat(gateway(Map.of("WEIR_STORE_PASSWORD", "hush", "WEIR_STORE", "mysql://weir@db/weir")))
                .isEqualTo(CliException.USAGE);
        assertThat(err.toString())
                .contains("store-password = (not shown)", "--store: a store is postgresql://USER@HOST")
                .doesNotContain("hush");
    }

    @Test
    void aFileOfThePasswordThatIsMissingIsNamed() {
        assertThat(gateway(Map.of(), "--store", "postgresql://weir@db/weir", "--store-password-file", "nowhere"))
                .isEqualTo(CliException.USAGE);
        assertThat(err.toString()).contains("nowhere cannot be read");
    }

    @Test
    void aFileOfThePasswordMayEndWithALine() throws Exception {
        Path file = Files.writeString(folder.resolve("password"), "se cret\n");
        StorageOptions options = new StorageOptions();
        new CommandLine(CommandLine.Model.CommandSpec.create()
                        .addMixin("store", CommandLine.Model.CommandSpec.forAnnotatedObject(options)))
                .parseArgs("--store", "postgresql://weir@db/weir", "--store-password-file", file.toString());

        assertThat(options.config().store().orElseThrow().password()).isEqualTo("se cret");
    }

    @Test
    void aFolderOfResultsMustExist() {
        assertThat(gateway(Map.of(), "--results", "nowhere")).isEqualTo(CliException.USAGE);
        assertThat(err.toString()).contains("--results: nowhere is no folder that can be written");
    }

    private static Optional<Results> results(String... options) {
        StorageOptions parsed = new StorageOptions();
        new CommandLine(CommandLine.Model.CommandSpec.create()
                        .addMixin("store", CommandLine.Model.CommandSpec.forAnnotatedObject(parsed)))
                .parseArgs(options);
        return parsed.config().results();
    }

    @Test
    void aBucketHasAPrefixAndAServer() {
        assertThat(results("--results", "s3://my-bucket")).contains(new Bucket("my-bucket", "", Optional.empty()));
        assertThat(results("--results", "s3://my-bucket/a/b", "--results-endpoint", "http://minio:9000"))
                .contains(new Bucket("my-bucket", "a/b/", Optional.of(URI.create("http://minio:9000"))));
    }

    @ParameterizedTest
    @CsvSource({
        "s3://UPPER/x, , 'a bucket is s3://BUCKET/PREFIX, and not s3://UPPER/x'",
        "s3:bucket, , 'a bucket is s3://BUCKET/PREFIX, and not s3:bucket'",
        "s3://bucket, minio:9000, 'a URL is http://HOST:PORT, and not minio:9000'",
        "., http://minio:9000, it is for --results s3://BUCKET/PREFIX only",
    })
    void aBucketThatCannotBeReadIsRefused(String place, String endpoint, String why) {
        assertThatThrownBy(() -> ResultsPlace.parse(place, endpoint)).hasMessageContaining(why);
    }
}
