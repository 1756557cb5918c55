package dev.weir.runtime.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StoreConfigTest {

    @ParameterizedTest
    @CsvSource({
        "postgresql://weir@db/jobs, db, 5432, weir, jobs",
        "postgres://weir@my_db_1:6543/jobs, my_db_1, 6543, weir, jobs",
        "postgresql://we%40ir@[::1]:1/my%20jobs, ::1, 1, we@ir, my jobs"
    })
    void aUrlNamesTheDatabase(String url, String host, int port, String user, String database) {
        PgConnectOptions options = StoreConfig.parse(url, "secret").toOptions(1000);

        assertThat(options.getHost()).isEqualTo(host);
        assertThat(options.getPort()).isEqualTo(port);
        assertThat(options.getUser()).isEqualTo(user);
        assertThat(options.getDatabase()).isEqualTo(database);
        assertThat(options.getPassword()).isEqualTo("secret");
        assertThat(options.getSslMode()).isEqualTo(SslMode.PREFER);
    }

    @Test
    void theServersCertificateIsCheckedIfAsked() {
        PgConnectOptions options = StoreConfig.parse(
                        "postgresql://weir@db/jobs?sslmode=verify-full&sslrootcert=ca.pem", "")
                .toOptions(1000);

        assertThat(options.getSslMode()).isEqualTo(SslMode.VERIFY_FULL);
        assertThat(options.getSslOptions().getHostnameVerificationAlgorithm()).isEqualTo("HTTPS");
        assertThat(options.getSslOptions().isTrustAll()).isFalse();
        assertThat(options.getSslOptions().getTrustOptions()).isNotNull();
    }

    @Test
    void itsTextHasNoPassword() {
        assertThat(StoreConfig.parse("postgresql://weir@db/jobs", "secret"))
                .asString()
                .isEqualTo("postgresql://weir@db:5432/jobs");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mysql://weir@db/jobs",
                "postgresql://db/jobs",
                "postgresql://weir@db",
                "postgresql://weir:hush@db/jobs",
                "postgresql://weir:hu@sh@db/jobs",
                "postgresql://weir@db/jobs?sslmode=maybe",
                "postgresql://weir@db/jobs?sslmode=verify-full",
                "postgresql://weir@db/jobs?pool=hush"
            })
    void othersAreRefusedWithoutBeingQuoted(String url) {
        assertThatThrownBy(() -> StoreConfig.parse(url, ""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("hush");
    }
}
