package dev.weir.gateway.job;

import dev.weir.gateway.job.JobEvent.Warning;
import java.util.ArrayList;
import java.util.List;

/** The warnings of one job, each code and param once. One thread. */
public final class Warnings {

    private final List<Warning> warnings = new ArrayList<>();

    /** @return whether it says something new */
    public boolean add(Warning warning) {
        return !knows(warning.code(), warning.param()) && warnings.add(warning);
    }

    boolean knows(String code, String param) {
        return warnings.stream()
                .anyMatch(w -> w.code().equals(code) && w.param().equals(param));
    }

    public List<Warning> all() {
        return List.copyOf(warnings);
    }
}
