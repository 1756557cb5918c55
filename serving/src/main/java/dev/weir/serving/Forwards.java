package dev.weir.serving;

import dev.weir.engine.LatentShape;
import dev.weir.runtime.stage.Forward;
import dev.weir.serving.plan.Plan;
import dev.weir.serving.plan.PlanRow;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The measurements of a finished forward pass for the metrics. */
final class Forwards {

    private Forwards() {}

    static Forward of(Plan<HeldSample> plan, double seconds) {
        LatentShape shape = plan.group().sample();
        Map<String, Integer> rows = new TreeMap<>();
        for (PlanRow<HeldSample> row : plan.chosen()) {
            rows.merge(row.priority().name().toLowerCase(Locale.ROOT), row.cost(), Integer::sum);
        }
        String name = "%dx%dx%d".formatted(shape.channels(), shape.height(), shape.width());
        return new Forward(name, plan.cost(), seconds, rows, plan.preempted().size());
    }
}
