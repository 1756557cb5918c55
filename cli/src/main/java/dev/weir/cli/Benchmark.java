package dev.weir.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A benchmark for {@code weir bench NAME}. ServiceLoader finds it, so that a release need not contain any. */
public interface Benchmark {

    String name();

    /** One line for the list of benchmarks. */
    String about();

    Result run(Settings settings) throws Exception;

    /**
     * @param model folder of the model to measure
     * @param rounds how often everything is measured; medians are printed
     * @param minutes the duration of benchmarks that run for a given time
     * @param clients how many of them send jobs at the same time, in benchmarks with a steady load
     * @param seed of random choices
     * @param peers a Python interpreter that has the programs that Weir is compared with; empty: none
     * @param only restricts random faults to those with this in their names
     * @param lastSeed of a range that begins with the seed
     * @param verbose whether to print what happened
     */
    record Settings(
            Path model,
            int rounds,
            int minutes,
            int clients,
            long seed,
            long lastSeed,
            String only,
            String peers,
            boolean verbose) {}

    /**
     * @param columns of a table for people
     * @param json the same numbers for programs
     * @param passed whether everything that it checked is as it must be; the command fails otherwise
     */
    record Result(List<String> columns, List<List<String>> rows, Map<String, Object> json, boolean passed) {

        /** Of a benchmark that only measures. */
        public Result(List<String> columns, List<List<String>> rows, Map<String, Object> json) {
            this(columns, rows, json, true);
        }
    }
}
