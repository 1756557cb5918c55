package dev.weir.runtime.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.NodeStatus;
import org.junit.jupiter.api.Test;

class OutstandingLoadTest {

    private static final String NODE = "weir.decoder.one";
    private static final int FORWARDS = 3;

    private final OutstandingLoad outstanding = new OutstandingLoad();

    @Test
    void anAnswerOfANodeThatWasLostMeanwhileChangesNothing() {
        OutstandingLoad.Sent late = outstanding.offered(NODE, FORWARDS);
        outstanding.lost(NODE);

        late.refused(FORWARDS);
        assertThat(credits()).isEqualTo(4);

        outstanding.offered(NODE, FORWARDS);
        OutstandingLoad.Sent later = outstanding.offered(NODE, FORWARDS);
        later.accepted(FORWARDS);
        assertThat(credits()).isEqualTo(2);
        outstanding.heard(NODE);
        assertThat(credits()).isEqualTo(3);
    }

    private int credits() {
        return outstanding.credits(
                NodeStatus.newBuilder().setAddress(NODE).setFreeCredits(4).build());
    }
}
