package dev.weir.gateway.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EpochTest {

    @Test
    void eachIsLaterThanThoseOfAllEarlierOwners() {
        long epoch = 0;
        for (int owner = 0; owner < 1000; owner++) {
            long next = Epoch.after(epoch, "41b963c6." + owner);

            assertThat(next).isGreaterThan(epoch);
            epoch = next;
        }
        // Above the numbers of sixteen million events of an epoch, and exact where JavaScript reads them.
        assertThat(epoch << 24).isLessThan(1L << 53);
    }

    @Test
    void ownersOfTwoPartsOfAClusterHaveDifferentOnes() {
        Set<Long> epochs = new HashSet<>();
        for (int owner = 0; owner < 100; owner++) {
            epochs.add(Epoch.after(7, "41b963c%d.1".formatted(owner)));
        }

        assertThat(epochs).hasSizeGreaterThan(95);
    }
}
