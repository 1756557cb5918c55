package dev.weir.engine.sampler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A scheduler class of diffusers: its name, the request names that it answers to, and the reader of its keys. Immutable.
 *
 * <p>To add a class, write one {@link Scheduler} with such a type, add it to {@link SchedulerTypes}, and record fixtures with
 * {@code tools/reference/schedulers.py}.
 *
 * @param names the first one that fits a model's file is the model's own
 * @param schedules sigma schedules that a request may choose; empty where the class has none
 * @param takesEta whether a request may say how much noise each step draws
 * @param process that its networks were trained on
 */
record SchedulerType(
        String className,
        List<Name> names,
        Set<SigmaSpacing> schedules,
        boolean takesEta,
        NoisingProcess process,
        Function<SchedulerKeys, Scheduler> reader) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * A sampler as requests name it: {@code dpmpp_2m} is {@code DPMSolverMultistepScheduler.from_config(config,
     * solver_order=2, …)} in diffusers.
     *
     * @param calls the network calls of a run
     * @param decided keys that the name decides whatever a model's file says; all other keys are the model's
     */
    record Name(String name, Calls calls, Map<String, JsonNode> decided) {

        /** Whether the name already chooses a sigma schedule that a request cannot change. */
        boolean fixesSchedule() {
            return SigmaSpacing.isChosen(decided);
        }
    }

    static SchedulerType of(String className, Function<SchedulerKeys, Scheduler> reader) {
        return new SchedulerType(className, List.of(), Set.of(), false, NoisingProcess.DIFFUSION, reader);
    }

    /** One of {@link #names}. */
    Name name(String name) {
        return names.stream().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
    }

    SchedulerType named(String name, Calls calls, Map<String, Object> decided) {
        Map<String, JsonNode> json = new TreeMap<>();
        decided.forEach((key, value) -> json.put(key, JSON.valueToTree(value)));
        List<Name> more = new ArrayList<>(names);
        more.add(new Name(name, calls, Map.copyOf(json)));
        return new SchedulerType(className, List.copyOf(more), schedules, takesEta, process, reader);
    }

    /** A name of the class with the keys as the model's file has them. */
    SchedulerType named(String name) {
        return named(name, Calls.ONE_A_STEP, Map.of());
    }

    SchedulerType withSchedules(SigmaSpacing... chosen) {
        return new SchedulerType(
                className, names, Set.copyOf(EnumSet.copyOf(List.of(chosen))), takesEta, process, reader);
    }

    SchedulerType withEta() {
        return new SchedulerType(className, names, schedules, true, process, reader);
    }

    SchedulerType ofProcess(NoisingProcess trainedOn) {
        return new SchedulerType(className, names, schedules, takesEta, trainedOn, reader);
    }

    /** Throws {@link dev.weir.engine.ModelException} naming file, key and value where the scheduler does not compute them. */
    Scheduler read(SchedulerKeys keys) {
        keys.requireKnown();
        return reader.apply(keys);
    }
}
