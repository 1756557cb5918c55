package dev.weir.runtime.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.TestStage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When a stage looks at others, and what it makes of what they say. */
final class RebalancingTest {

    private static final String HERE = "weir.denoiser.here";

    private final TestStage stage = new TestStage(StageKind.DENOISER, 4);
    private final List<List<Peer>> asked = new ArrayList<>();
    private long nanos;
    private final Rebalancing rebalancing = new Rebalancing(stage, HERE, () -> nanos);
    private long sequence;

    RebalancingTest() {
        stage.moves = peers -> {
            asked.add(peers);
            return List.of(new Move(new SampleKey("job", 0), peers.get(0).address()));
        };
    }

    @Test
    void aNodeCountsFromItsSecondStatusOnWithTheMostThatItHadToDo() {
        assertThat(look(node("other", 0.5, 6))).isEmpty();
        assertThat(look(node("other", 0.0, 8)))
                .containsExactly(new Move(new SampleKey("job", 0), "weir.denoiser.other"));

        assertThat(asked)
                .singleElement()
                .satisfies(peers -> assertThat(peers).singleElement().satisfies(peer -> {
                    assertThat(peer.roundSeconds()).isEqualTo(0.5);
                    assertThat(peer.freeCredits()).isEqualTo(6);
                }));
    }

    @Test
    void afterItGaveSomethingAwayItRestsForThreeSeconds() {
        int given = 0;
        for (int i = 0; i < 60_000 / Rebalancing.LOOK_MS; i++) {
            given += look(node("other", 0, 8)).size();
        }

        assertThat(given).isBetween(15, 20);
    }

    @Test
    void itselfOtherStagesThoseThatDrainAndThoseThatAreSilentAreNotAsked() {
        NodeStatus silent = node("silent", 0, 8).build();
        for (int i = 0; i < 5; i++) {
            NodeStatus.Builder self = node("here", 0, 8);
            NodeStatus.Builder upsampler = node("upsampler", 0, 8).setStage(StageKind.UPSAMPLER);
            NodeStatus.Builder draining = node("draining", 0, 8).setDraining(true);
            assertThat(look(self, upsampler, draining, silent.toBuilder())).isEmpty();
        }

        assertThat(asked).isEmpty();
    }

    /** In a cluster of hundreds of nodes, most looks are those of nodes that have nothing to give. */
    @Test
    void aStageWithoutSamplesIsNotAskedButKnowsTheOthersOnceItHasSome() {
        assertThat(rebalancing.look(List.of(node("other", 0.5, 6).build()), false))
                .isEmpty();
        assertThat(asked).isEmpty();

        assertThat(rebalancing.look(List.of(node("other", 0, 8).build()), true)).hasSize(1);
        assertThat(asked).singleElement().satisfies(peers -> assertThat(peers)
                .singleElement()
                .extracting(Peer::roundSeconds)
                .isEqualTo(0.5));
    }

    private List<Move> look(NodeStatus.Builder... alive) {
        nanos += Duration.ofMillis(Rebalancing.LOOK_MS).toNanos();
        return rebalancing.look(
                Arrays.stream(alive).map(NodeStatus.Builder::build).toList(), true);
    }

    private NodeStatus.Builder node(String name, double roundSeconds, int credits) {
        return NodeStatus.newBuilder()
                .setAddress("weir.denoiser." + name)
                .setStage(StageKind.DENOISER)
                .setSequence(++sequence)
                .setRoundSeconds(roundSeconds)
                .setFreeCredits(credits);
    }
}
