package dev.weir.tests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.weir.tests.PageVisit.PATIENT;
import static dev.weir.tests.PageVisit.cards;
import static dev.weir.tests.PageVisit.generateSlowly;

import com.microsoft.playwright.Locator;
import dev.weir.bench.cluster.WeirProcess;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The page while its only server is killed and started anew. */
final class PageRestartTest {

    @Test
    void aJobThatTheNewServerDoesNotKnowIsSaidToBeUnknownAndMayBeTriedAgain() {
        try (WeirProcess first = up(0)) {
            URI url = URI.create(first.awaitReady());
            PageVisit.to(url).whoseServerMayBeGone().doing(page -> {
                generateSlowly(page, 2);
                Locator lost = cards(page).nth(1);
                PageVisit.awaitPreview(page);
                first.kill();
                assertThat(lost.getByTestId("status")).hasText("No connection to the server. Trying again");

                try (WeirProcess second = up(url.getPort())) {
                    second.awaitReady();

                    assertThat(lost).hasAttribute("data-state", "lost", PATIENT);
                    assertThat(lost.getByTestId("status")).hasText("The server no longer knows this job.");
                    lost.getByTestId("retry").click();
                    assertThat(cards(page).nth(1)).hasAttribute("data-state", "completed", PATIENT);
                    assertThat(cards(page).nth(1).getByTestId("caption")).hasText("a red apple");
                    assertThat(cards(page).nth(1).getByTestId("details"))
                            .containsText("seed 8 · %d steps".formatted(PageVisit.SLOW_STEPS));
                    assertThat(cards(page).nth(0)).hasAttribute("data-state", "lost");
                    assertThat(cards(page)).hasCount(2);
                }
            });
        }
    }

    @Test
    void whatIsAskedForWhileTheServerIsAwayIsMadeWhenItIsBack() {
        try (WeirProcess first = up(0)) {
            URI url = URI.create(first.awaitReady());
            PageVisit.to(url).whoseServerMayBeGone().doing(page -> {
                assertThat(page.getByTestId("generate")).isEnabled();
                first.kill();
                generateSlowly(page, 2);
                assertThat(cards(page).nth(0).getByTestId("status"))
                        .hasText("No connection to the server. Trying again");
                cards(page).nth(1).getByTestId("cancel").click();

                try (WeirProcess second = up(url.getPort())) {
                    second.awaitReady();

                    assertThat(cards(page).nth(0)).hasAttribute("data-state", "completed", PATIENT);
                    assertThat(cards(page).nth(1)).hasAttribute("data-state", "cancelled");
                }
            });
        }
    }

    private static WeirProcess up(int port) {
        return WeirProcess.start(List.of("up", "--port", String.valueOf(port)));
    }
}
