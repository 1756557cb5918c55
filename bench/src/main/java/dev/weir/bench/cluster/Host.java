package dev.weir.bench.cluster;

import java.util.List;

/** Where a process runs: this machine, or a network namespace that passes for another. */
public interface Host {

    /** This machine, at its loopback. */
    Host LOOPBACK = new Host() {
        @Override
        public String address() {
            return "127.0.0.1";
        }

        @Override
        public List<String> wrapper() {
            return List.of();
        }
    };

    /** Where others reach it. */
    String address();

    /** A command that runs the one that follows it there. */
    List<String> wrapper();
}
