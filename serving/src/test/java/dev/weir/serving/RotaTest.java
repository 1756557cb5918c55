package dev.weir.serving;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RotaTest {

    private final Rota<String, String> rota = new Rota<>();

    @Test
    void rowsOfOneGroupShareATurnAndGroupsTakeTurns() {
        rota.add("small", "a");
        rota.add("large", "x");
        rota.add("small", "b");
        assertThat(rota.next(8, r -> 1)).containsExactly("a", "b");
        assertThat(rota.next(8, r -> 1)).containsExactly("x");
        assertThat(rota.next(8, r -> 1)).containsExactly("a", "b");
    }

    @Test
    void theOldestRowsFillTheBudget() {
        for (String row : new String[] {"a", "b", "c", "d"}) {
            rota.add("g", row);
        }
        assertThat(rota.next(5, r -> 2)).containsExactly("a", "b");
    }

    @Test
    void aRowPastTheBudgetStillRunsAlone() {
        rota.add("g", "huge");
        rota.add("g", "b");
        assertThat(rota.next(1, r -> 2)).containsExactly("huge");
    }

    @Test
    void removedRowsLeaveTheirNeighboursWhereTheyAre() {
        rota.add("g", "a");
        rota.add("g", "b");
        rota.add("h", "c");
        rota.removeIf(r -> r.equals("a") || r.equals("c"));
        assertThat(rota.next(8, r -> 1)).containsExactly("b");
        assertThat(rota.next(8, r -> 1)).containsExactly("b");
        rota.removeIf(r -> true);
        assertThat(rota.isEmpty()).isTrue();
        assertThat(rota.next(8, r -> 1)).isEmpty();
    }
}
