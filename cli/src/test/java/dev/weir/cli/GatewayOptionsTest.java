package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.GatewayConfig.Api;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.runtime.HostPort;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

final class GatewayOptionsTest {

    @Test
    void aliasesMayBeRepeatedOrListed() {
        GatewayConfig config = config("--model-alias", "dall-e-3=default", "--model-alias", "gpt-image-1=sd,*=default");

        assertThat(config.aliases()).isEqualTo(Map.of("dall-e-3", "default", "gpt-image-1", "sd", "*", "default"));
    }

    @Test
    void wrongValuesAreNamed() {
        assertRefused("proxy.example", "--trusted-proxies", "10.0.0.1,proxy.example");
        assertRefused("10.0.0.0/33", "--trusted-proxies", "10.0.0.0/33");
        assertRefused("10.0.0.0/x", "--trusted-proxies", "10.0.0.0/x");
        assertRefused("weir.example", "--allowed-origins", "weir.example");
        assertRefused("https://weir.example/page", "--allowed-origins", "https://weir.example/page");
        for (String origin : new String[] {
            "*", "null", "app.example", "https://a:99999", "https://app.example/page", "tauri://a/b", "file://"
        }) {
            assertRefused(
                    "--cors-origin must be an origin such as https://app.example, not \"" + origin + "\"",
                    "--cors-origin",
                    origin);
        }
        assertRefused("dall-e-3=", "--model-alias", "dall-e-3=");
    }

    @Test
    void aCertificateAndItsKeyGoTogetherAndAreReadAtOnce() {
        assertRefused("--tls-cert and --tls-key go together", "--tls-cert", "gateway.pem");
        assertRefused("--tls-cert and --tls-key go together", "--tls-key", "gateway.key");
        assertRefused("--webhook-hosts needs --webhook-secret", "--webhook-hosts", "hooks.internal");
        assertRefused("--webhook-secret: none cannot be read", "--webhook-secret", "none");
        assertRefused("tls-cert: none.pem cannot be read", "--tls-cert", "none.pem", "--tls-key", "none.key");
        assertThat(config().security().tls()).isEmpty();
    }

    @Test
    void apisAreAllUnlessSomeAreNamed() {
        assertThat(config().apis()).containsExactlyInAnyOrder(Api.values());
        assertThat(config("--apis", "a1111").apis()).containsExactly(Api.A1111);
        assertThat(config("--apis", "none").apis()).isEmpty();
        assertRefused("there is no forge", "--apis", "openai,forge");
    }

    @Test
    void aFinishedJobIsKeptForSomeTime() {
        assertThat(config().patience()).isEqualTo(Patience.DEFAULT);
        assertThat(config("--keep-jobs", "60").patience().result()).hasSeconds(60);
        assertRefused("--keep-jobs must be from 1 to 2592000, not 0", "--keep-jobs", "0");
        assertRefused("not 9223372036854775807", "--keep-jobs", Long.toString(Long.MAX_VALUE));
    }

    @Test
    void aJobMayTakeSomeTimeAndThatOfOneRequestAsLongAsAnyMay() {
        assertThat(config().patience().deadline()).hasMinutes(15);
        assertThat(config("--job-time", "60").patience())
                .isEqualTo(Patience.DEFAULT.withDeadline(Duration.ofMinutes(1)));
        assertThat(config("--job-time", "60").patience().silence()).hasMinutes(1);
        assertThat(config("--job-time", "7200").patience().deadline()).hasHours(2);
        assertThat(config("--job-time", "7200").patience().silence()).hasMinutes(8);
        assertThat(config("--job-time", "2592000").patience().deadline())
                .isEqualTo(JobOptions.ofOneRequest().deadline());
        assertThat(config("--job-time", "2592000").patience().silence()).hasMinutes(10);
        assertRefused("--job-time must be from 1 to 2592000, not 2592001", "--job-time", "2592001");
    }

    @Test
    void emptySettingsAreNone() {
        assertThat(config("--allowed-origins", "", "--trusted-proxies", "", "--cors-origin", "")
                        .aliases())
                .isEmpty();
    }

    private static void assertRefused(String quoted, String... args) {
        assertThatThrownBy(() -> config(args)).isInstanceOf(CliException.class).hasMessageContaining(quoted);
    }

    private static GatewayConfig config(String... args) {
        GatewayOptions options = CommandLine.populateCommand(new GatewayOptions(), args);
        return options.config(new HostPort("127.0.0.1", 0));
    }
}
