package dev.weir.runtime.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.Stages;
import org.junit.jupiter.api.Test;

class OutstandingLoadTest {

    private static final String NODE = "weir.decoder.one";
    private static final Need NEED =
            Need.of(Task.newBuilder().addRoute(Stages.of(StageKind.DECODER, 1)).build());

    private final OutstandingLoad outstanding = new OutstandingLoad();

    @Test
    void anAnswerOfANodeThatWasLostMeanwhileChangesNothing() {
        OutstandingLoad.Sent late = outstanding.offered(NODE, NEED);
        outstanding.lost(NODE);

        late.refused(NEED);
        assertThat(credits()).isEqualTo(4);

        outstanding.offered(NODE, NEED);
        OutstandingLoad.Sent later = outstanding.offered(NODE, NEED);
        later.accepted(NEED);
        assertThat(credits()).isEqualTo(2);
        outstanding.heard(NODE);
        assertThat(credits()).isEqualTo(3);
    }

    private int credits() {
        return outstanding.credits(
                NodeStatus.newBuilder().setAddress(NODE).setFreeCredits(4).build());
    }
}
