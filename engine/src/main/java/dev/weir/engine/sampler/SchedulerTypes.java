package dev.weir.engine.sampler;

import java.util.List;
import java.util.Optional;

/** The registry of the scheduler classes that Weir computes. */
final class SchedulerTypes {

    static final List<SchedulerType> ALL = List.of(
            DdpmScheduler.TYPE,
            DdimScheduler.TYPE,
            PndmScheduler.TYPE,
            EulerScheduler.TYPE,
            EulerAncestralScheduler.TYPE,
            LmsScheduler.TYPE,
            HeunScheduler.TYPE,
            Kdpm2Scheduler.TYPE,
            Kdpm2Scheduler.ANCESTRAL,
            DpmMultistepScheduler.TYPE,
            DpmSinglestepScheduler.TYPE,
            DeisScheduler.TYPE,
            UniPcScheduler.TYPE,
            SaSolverScheduler.TYPE,
            LcmScheduler.TYPE,
            TcdScheduler.TYPE,
            EdmEulerScheduler.TYPE,
            EdmDpmMultistepScheduler.TYPE,
            FlowMatchEulerScheduler.TYPE,
            FlowMatchEulerScheduler.LCM_TYPE,
            FlowMatchHeunScheduler.TYPE,
            FlowMultistepScheduler.TYPE,
            FlowMultistepScheduler.RES_TYPE,
            UnclipScheduler.TYPE,
            ConsistencyScheduler.TYPE,
            ScoreSdeVeScheduler.TYPE,
            ScoreSdeVpScheduler.TYPE,
            WuerstchenScheduler.TYPE,
            PointVoxelScheduler.TYPE);

    private SchedulerTypes() {}

    static Optional<SchedulerType> ofClass(String className) {
        return ALL.stream().filter(type -> type.className().equals(className)).findFirst();
    }

    /** The type that answers to a request name. */
    static Optional<SchedulerType> ofName(String name) {
        return ALL.stream().filter(type -> names(type).contains(name)).findFirst();
    }

    static List<String> names(SchedulerType type) {
        return type.names().stream().map(SchedulerType.Name::name).toList();
    }
}
