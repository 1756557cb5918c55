package dev.weir.bench.engines;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Other programs, in one Python process that answers a request a line: {@code tools/peers/peers.py}. One thread. */
final class Peers implements AutoCloseable {

    static final List<String> NAMES = List.of("diffusers", "onnxruntime", "openvino");

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final int FAREWELL_SECONDS = 20;
    /** What Weir's launcher sets for itself. Other programs run as their users start them. */
    private static final List<String> OF_THE_LAUNCHER = List.of("GLIBC_TUNABLES", "MALLOC_ARENA_MAX");

    private final Process process;
    private final BufferedWriter requests;
    private final BufferedReader answers;

    private Peers(Process process) {
        this.process = process;
        this.requests = process.outputWriter();
        this.answers = process.inputReader();
    }

    /** @param python an interpreter that has what the script needs */
    static Peers start(String python, int threads) throws IOException {
        Path script = Path.of(System.getProperty("weir.home", ""), "tools", "peers", "peers.py");
        var builder = new ProcessBuilder(python, script.toString(), Integer.toString(threads))
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().keySet().removeAll(OF_THE_LAUNCHER);
        return new Peers(builder.start());
    }

    /** Seconds of one forward. The first one of a case loads and warms up, too, outside of what is timed. */
    double seconds(String peer, Case work) throws IOException {
        JsonNode answer = ask(Map.of(
                "peer", peer,
                "network", work.network().equals(LargeUnet.NAME) ? "unet" : work.network(),
                "folder", work.folder().toAbsolutePath().toString(),
                "rows", work.rows(),
                "height", work.side(),
                "width", work.side(),
                "tokens", work.tokens()));
        return answer.path("seconds").asDouble();
    }

    /** Has the process forget the networks that it has loaded. */
    void drop() throws IOException {
        ask(Map.of("drop", true));
    }

    private JsonNode ask(Map<String, Object> question) throws IOException {
        requests.write(JSON.writeValueAsString(question));
        requests.newLine();
        requests.flush();
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException("peers.py ended at %s: run it by hand to see why".formatted(question));
        }
        return JSON.readTree(answer);
    }

    /** Lets the process remove its temporary files. */
    @Override
    public void close() throws IOException {
        try {
            requests.close();
            if (!process.waitFor(FAREWELL_SECONDS, TimeUnit.SECONDS)) {
                process.destroy();
            }
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
        }
    }
}
