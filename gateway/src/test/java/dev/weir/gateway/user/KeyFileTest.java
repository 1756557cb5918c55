package dev.weir.gateway.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.gateway.user.User.Role;
import dev.weir.proto.v1.Priority;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class KeyFileTest {

    private static final String HASH = "a".repeat(64);

    private static Keys parse(String text) {
        return KeyFile.parse(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aLineForANewKeyIsAnEntryThatKnowsTheKey() {
        String anna = Keys.random();
        String bob = Keys.random();

        Keys keys = parse(KeyFile.line("anna", anna) + "\n" + KeyFile.line("bob", bob) + "\n");

        assertThat(anna).matches("weir_[A-Za-z0-9_-]{43}").isNotEqualTo(bob);
        assertThat(keys.find(anna).orElseThrow().name()).isEqualTo("anna");
        assertThat(keys.find(bob).orElseThrow().name()).isEqualTo("bob");
        assertThat(keys.find(Keys.random())).isEmpty();
        assertThat(keys.find("")).isEmpty();
        assertThat(keys.find("a".repeat(64))).isEmpty();
    }

    /** Without quotes YAML reads these as numbers or constants, or not at all. */
    @ParameterizedTest
    @ValueSource(
            strings = {"@anna", "null", "007", "7", "1.10", "0x1F", "1e5", "yes", "true", "-", "--", ".", ".5", "1_000"
            })
    void aLineHasTheNameThatWasAskedFor(String name) {
        String key = Keys.random();

        assertThat(parse(KeyFile.line(name, key)).find(key).orElseThrow().name())
                .isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"007", "1.10", "0x1F", "1e5", "true", "null"})
    void aNameThatYamlReadsAsSomethingElseIsRefused(String name) {
        assertThatThrownBy(() -> parse("- {name: " + name + ", sha256: " + HASH + "}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("entry 1: name");
    }

    @Test
    void entriesAfterASecondDocumentMarkAreNotIgnored() {
        String first = "- {name: anna, sha256: " + HASH + "}\n";

        assertThatThrownBy(() -> parse(first + "---\n- {name: bob, sha256: " + "b".repeat(64) + "}\n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("one list");
        assertThat(parse("---\n" + first).named("anna")).isPresent();
    }

    @Test
    void yamlAndJsonSayTheSame() {
        Keys yaml = parse(
                """
                - name: anna
                  sha256: %s
                  role: admin
                  weight: 2.5
                  class: standard
                  images-in-flight: 8
                  images-per-minute: 60
                  pixel-steps-per-day: 5e10
                """
                        .formatted(HASH));
        Keys json = parse("[{\"name\":\"anna\",\"sha256\":\"" + HASH
                + "\",\"role\":\"admin\",\"weight\":2.5,\"class\":\"standard\",\"images-in-flight\":8,"
                + "\"images-per-minute\":60,\"pixel-steps-per-day\":5e10}]");

        User anna = new User("anna", Role.ADMIN, 2.5, Priority.STANDARD, new Allowance(8, 60, 5e10));
        assertThat(yaml.named("anna")).contains(anna);
        assertThat(json.named("anna")).contains(anna);
    }

    @Test
    void whatIsNotSaidIsNotLimited() {
        User anna = parse("- {name: anna, sha256: " + HASH + "}").named("anna").orElseThrow();

        assertThat(anna).isEqualTo(new User("anna", Role.USER, 1, Priority.INTERACTIVE, Allowance.UNLIMITED));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    []                                            | at least one
                    name: anna                                    | must be a list
                    - anna                                        | entry 1: must have the form
                    - {name: anna}                                | entry 1: sha256 is missing
                    - {sha256: HASH}                              | entry 1: name is missing
                    - {name: 'an na', sha256: HASH}               | entry 1: name must have
                    - {name: anna, sha256: 12}                    | entry 1: sha256 must have 64
                    - {name: anna, sha256: HASH, wieght: 2}       | there is no field wieght
                    - {name: anna, sha256: HASH, weight: 0}       | weight must be more than 0
                    - {name: anna, sha256: HASH, weight: much}    | weight must be a number
                    - {name: anna, sha256: HASH, class: urgent}   | class must be one of interactive, standard, batch
                    - {name: anna, sha256: HASH, role: root}      | role must be one of user, admin, metrics
                    - {name: anna, sha256: HASH, images-in-flight: 1.5} | images-in-flight must be a whole number
                    [{name: a, sha256: HASH}, {name: b, sha256: HASH}]  | entry 2: sha256 is in the file twice
                    [{name: a, sha256: HASH}, {name: a, sha256: HESH}]  | entry 2: name is in the file twice
                    '- {name: anna'                               | is not YAML
                    - {name: 7, sha256: HASH}                     | entry 1: name must be in quotes
                    """)
    void whatIsWrongIsNamed(String text, String problem) {
        String content = text.replace("HASH", HASH).replace("HESH", "b".repeat(64));

        assertThatThrownBy(() -> parse(content))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void aClassIsTheMostThatARequestGets() {
        User batch = parse("- {name: ci, sha256: " + HASH + ", class: batch}")
                .named("ci")
                .orElseThrow();
        User standard = parse("- {name: ci, sha256: " + HASH + ", class: standard}")
                .named("ci")
                .orElseThrow();

        assertThat(batch.limited(Priority.INTERACTIVE)).isEqualTo(Priority.BATCH);
        assertThat(batch.limited(Priority.STANDARD)).isEqualTo(Priority.BATCH);
        assertThat(standard.limited(Priority.INTERACTIVE)).isEqualTo(Priority.STANDARD);
        assertThat(standard.limited(Priority.BATCH)).isEqualTo(Priority.BATCH);
    }
}
