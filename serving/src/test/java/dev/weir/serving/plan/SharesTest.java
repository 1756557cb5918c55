package dev.weir.serving.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class SharesTest {

    @Test
    void aWeightThatComesWithATaskReplacesTheOneBefore() {
        Shares set = Shares.start(Map.of("anna", 2.0, "ci", 0.5));

        Shares told = set.weighing("anna", 3).weighing("bob", 4);

        assertThat(told.weight("anna")).isEqualTo(3);
        assertThat(told.weight("bob")).isEqualTo(4);
        assertThat(told.weight("ci")).isEqualTo(0.5);
        assertThat(told.weight("other")).isEqualTo(1);
        assertThat(told.weighing("anna", 1).weight("anna")).isEqualTo(1);
        assertThat(told.weighing("anna", 3)).isSameAs(told);
    }
}
