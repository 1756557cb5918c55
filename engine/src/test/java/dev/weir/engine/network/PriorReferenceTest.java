package dev.weir.engine.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.Tensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Priors on every engine against what diffusers recorded. Its rows have the padding of their texts, ours have none. */
class PriorReferenceTest {

    private static final double TOLERANCE = 1e-4;
    private static final double BF16_FRACTION = 0.05;

    private static Fixture fixture(String name) {
        return new Fixture(Path.of("src/test/resources/reference/priors", name));
    }

    static List<Object[]> networks() {
        var cases = new ArrayList<Object[]>();
        for (var name : List.of("published", "normed")) {
            for (var engine : Engine.values()) {
                cases.add(new Object[] {name, engine});
            }
        }
        return cases;
    }

    @ParameterizedTest
    @MethodSource("networks")
    void predictionsAreTheReferences(String name, Engine engine) {
        var fixture = fixture(name);
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        try (var prior = Networks.denoiser(fixture.config(""), fixture.weights(""), target)) {
            assertThat(prior.isOfVectors()).isTrue();
            var rows = rows(fixture);
            var together = prior.predict(shape(fixture), rows);
            for (int i = 0; i < rows.size(); i++) {
                var expected = fixture.row("predicted", i);
                var alone = prior.predict(shape(fixture), List.of(rows.get(i))).get(0);
                Fixture.assertClose(alone, expected, TOLERANCE);
                Fixture.assertClose(together.get(i), expected, TOLERANCE);
                Fixture.assertClose(prior.finished(rows.get(i).sample()), fixture.row("post_processed", i), TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"published", "normed"})
    void predictionsInBf16AreNear(String name) {
        var fixture = fixture(name);
        var target = new ComputeTarget("cpu", Precision.BF16);
        try (var prior = Networks.denoiser(fixture.config(""), fixture.weights(""), target)) {
            var rows = rows(fixture);
            var together = prior.predict(shape(fixture), rows);
            for (int i = 0; i < rows.size(); i++) {
                Fixture.assertRelative(together.get(i), fixture.row("predicted", i), BF16_FRACTION);
                Fixture.assertClose(prior.finished(rows.get(i).sample()), fixture.row("post_processed", i), TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "encoder_hid_proj_type|null",
                "encoder_hid_proj_type|\"mlp\"",
                "added_emb_type|\"cls\"",
                "additional_embeddings|3",
                "norm_in_type|\"batch\"",
                "embedding_proj_norm_type|\"batch\"",
                "time_embed_act_fn|\"elu\"",
                "cross_attention_dim|8",
            })
    void whatIsNotSupportedIsNamed(String key, String value) throws Exception {
        var fixture = fixture("published");
        ObjectNode config = fixture.config("").deepCopy();
        config.set(key, new ObjectMapper().readTree(value));
        assertThatThrownBy(() -> Networks.check(config, fixture.weights("")))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("PriorTransformer: option " + key + " = ");
    }

    private static LatentShape shape(Fixture fixture) {
        return new LatentShape(fixture.shape("hidden_states")[1], 1, 1);
    }

    private static List<Row> rows(Fixture fixture) {
        var timesteps = fixture.floats("timestep");
        var rows = new ArrayList<Row>();
        for (int i = 0; i < timesteps.length; i++) {
            int tokens = 0;
            for (float kept : fixture.row("attention_mask", i)) {
                tokens += (int) kept;
            }
            int width = fixture.shape("encoder_hidden_states")[2];
            var states = Arrays.copyOf(fixture.row("encoder_hidden_states", i), tokens * width);
            var embedding = fixture.row("proj_embedding", i);
            var inputs = Tensors.of(Tensors.ENCODER_HIDDEN_STATES, HostTensor.of(states, tokens, width))
                    .with(PriorTransformer.TEXT_EMBEDDING, HostTensor.of(embedding, embedding.length));
            rows.add(new Row(fixture.row("hidden_states", i), timesteps[i], inputs));
        }
        return rows;
    }
}
