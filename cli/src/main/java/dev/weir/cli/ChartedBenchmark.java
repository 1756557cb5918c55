package dev.weir.cli;

import com.fasterxml.jackson.databind.JsonNode;

/** A benchmark whose numbers can be drawn. */
public interface ChartedBenchmark extends Benchmark {

    /**
     * A chart as an SVG picture.
     *
     * @param numbers the JSON of a run, which may have been on another machine
     */
    String chart(JsonNode numbers);
}
