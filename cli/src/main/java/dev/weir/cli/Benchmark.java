package dev.weir.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A measurement that {@code weir bench NAME} runs; found by ServiceLoader, so that the release path need not hold any. */
public interface Benchmark {

    String name();

    /** One line for the list of benchmarks. */
    String about();

    Result run(Settings settings) throws Exception;

    /**
     * @param model folder of the model to measure
     * @param rounds how often everything is measured; medians are told
     * @param minutes for a benchmark that goes on for as long as it is told, or does as much as it can in that time
     * @param seed of what happens at random
     * @param only of what happens at random, that whose name has this in it
     */
    record Settings(Path model, int rounds, int minutes, long seed, String only) {}

    /**
     * @param columns of a table for people
     * @param json the same numbers for programs
     */
    record Result(List<String> columns, List<List<String>> rows, Map<String, Object> json) {}
}
