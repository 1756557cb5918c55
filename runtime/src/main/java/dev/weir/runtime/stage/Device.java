package dev.weir.runtime.stage;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** What computes a stage, one turn after another. Commands are executed in order, between turns. */
public interface Device {

    /** Called on the device's thread. */
    interface Listener {

        void admitFailed(Work work, Throwable problem);

        void turned(int rows, long nanos);

        /** The device takes no turn until the next command. */
        void turnFailed(Throwable problem);
    }

    /** Failures of the admission are reported with its work. */
    void admit(Work work, Stage.Admission admission);

    void drop(SampleKey key);

    /** Drops a sample and reports its state on the device's thread. */
    void giveBack(Work work, Consumer<Optional<Supplier<Snapshot>>> then);

    /** Runs a command of the stage. */
    void execute(Runnable command);

    /** Continues after a failed turn. */
    void resume();

    /** Milliseconds since the device last made progress, if it has work. */
    long stalledMs();
}
