package dev.weir.bench.cluster;

import java.util.List;

/** Where a process runs: this machine, or a network namespace that acts as another machine. */
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

    /** The address at which others reach it. */
    String address();

    /** A command prefix that runs the following command there. */
    List<String> wrapper();
}
