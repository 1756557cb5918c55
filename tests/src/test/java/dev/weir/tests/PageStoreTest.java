package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the page keeps in the browser, where that has little room or closes its database. */
final class PageStoreTest {

    /** Keeps the connections to databases, and refuses pictures while {@code isFull}. */
    private static final String WATCH_DATABASES =
            """
            window.connections = [];
            const open = IDBFactory.prototype.open;
            IDBFactory.prototype.open = function (...rest) {
              const request = open.apply(this, rest);
              request.addEventListener('success', () => window.connections.push(request.result));
              return request;
            };
            const put = IDBObjectStore.prototype.put;
            IDBObjectStore.prototype.put = function (...rest) {
              if (this.name === 'pictures' && window.isFull?.()) throw new DOMException('full', 'QuotaExceededError');
              return put.apply(this, rest);
            };
            """;

    private static final String JOB = "({ id: 'job', at: 1, samples: [] })";

    @RegisterExtension
    static final UpServer UP = new UpServer();

    private static void visit(Consumer<Page> visit) {
        PageVisit.to(UP.server().url())
                .preparedBy(page -> page.addInitScript(WATCH_DATABASES))
                .doing(visit);
    }

    @Test
    void theOldestTenthOfThePicturesMakesRoomForANewOne() {
        visit(page -> {
            Object kept = page.evaluate(
                    """
                    async () => {
                      const store = await import('./store.js');
                      const job = (at) => ({ id: 'job', at, samples: [] });
                      for (let at = 1; at <= 20; at++) {
                        await store.savePicture(job(at), 0, new Blob(['picture']));
                        await store.saveEntry({ ...job(at), sample: 0 });
                      }
                      let refusals = 1;
                      window.isFull = () => refusals-- > 0;
                      await store.savePicture(job(21), 0, new Blob(['new']));
                      const there = [];
                      for (let at = 1; at <= 21; at++) if (await store.loadPicture(job(at), 0)) there.push(at);
                      return [there, (await store.loadEntries()).map((entry) => entry.at).reverse()];
                    }
                    """);

            List<List<Integer>> both = ((List<?>) kept)
                    .stream()
                            .map(times -> ((List<?>) times)
                                    .stream().map(Integer.class::cast).toList())
                            .toList();
            assertThat(both.get(0)).hasSize(19).startsWith(3, 4).endsWith(20, 21);
            assertThat(both.get(1)).hasSize(18).startsWith(3, 4).endsWith(19, 20);
        });
    }

    @Test
    void aDatabaseThatTheBrowserClosedIsOpenedAgain() {
        visit(page -> {
            Object text = page.evaluate(
                    """
                    async () => {
                      const store = await import('./store.js');
                      const job = %s;
                      await store.savePicture(job, 0, new Blob(['picture']));
                      window.connections.forEach((connection) => connection.close());
                      return (await store.loadPicture(job, 0)).text();
                    }
                    """
                            .formatted(JOB));

            assertThat(text).isEqualTo("picture");
        });
    }
}
