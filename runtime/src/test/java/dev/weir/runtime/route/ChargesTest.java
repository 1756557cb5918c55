package dev.weir.runtime.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.Stages;
import org.junit.jupiter.api.Test;

class ChargesTest {

    private static final String NODE = "weir.decoder.one";
    private static final Need NEED =
            Need.of(Task.newBuilder().addRoute(Stages.of(StageKind.DECODER, 1)).build());

    private final Charges charges = new Charges();

    @Test
    void anAnswerOfANodeThatWasLostMeanwhileChangesNothing() {
        Charges.Charge late = charges.offered(NODE, NEED);
        charges.lost(NODE);

        late.refused(NEED);
        assertThat(credits()).isEqualTo(4);

        charges.offered(NODE, NEED);
        Charges.Charge later = charges.offered(NODE, NEED);
        later.accepted(NEED);
        assertThat(credits()).isEqualTo(2);
        charges.heard(NODE);
        assertThat(credits()).isEqualTo(3);
    }

    private int credits() {
        return charges.credits(
                NodeStatus.newBuilder().setAddress(NODE).setFreeCredits(4).build());
    }
}
