package dev.weir.bench.server;

import dev.weir.bench.cluster.WeirProcess;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A server in a process of its own, which ends when this is closed. */
record Program(String name, WeirProcess process, Client client) implements AutoCloseable {

    static final String WEIR = "weir";
    /** One request at a time, and requests that wait drawn together. */
    static final String ALONE = "fastapi";

    static final String TOGETHER = "fastapi_batching";

    /** Without what Weir's launcher sets for itself. */
    private static final List<String> AS_USERS_START_IT =
            List.of("env", "-u", "GLIBC_TUNABLES", "-u", "MALLOC_ARENA_MAX");

    /** {@code weir up}, as users start it. */
    static Program weir(Path model) {
        return start(WEIR, List.of(home().resolve("weir").toString(), "up", "--port", "0", "--model", absolute(model)));
    }

    /** @param python an interpreter that has what tools/peers/requirements.txt lists */
    static Program peer(String name, String python, Path model, int threads) {
        String script = home().resolve(Path.of("tools", "peers", "server.py")).toString();
        List<String> command = new ArrayList<>(AS_USERS_START_IT);
        command.addAll(List.of(interpreter(python), script, absolute(model), String.valueOf(threads)));
        if (name.equals(TOGETHER)) {
            command.add("--batch");
        }
        return start(name, command);
    }

    private static Program start(String name, List<String> command) {
        WeirProcess process = WeirProcess.startCommand(home(), Map.of(), command);
        try {
            return new Program(name, process, new Client(URI.create(process.awaitReady())));
        } catch (AssertionError e) {
            process.close();
            throw e;
        }
    }

    /** Programs start in the checkout, so a path from here must be absolute. A name alone is looked for as always. */
    private static String interpreter(String python) {
        Path file = Path.of(python);
        return file.getNameCount() > 1 && Files.exists(file) ? absolute(file) : python;
    }

    private static String absolute(Path folder) {
        return folder.toAbsolutePath().toString();
    }

    private static Path home() {
        return Path.of(System.getProperty("weir.home", "")).toAbsolutePath();
    }

    @Override
    public void close() {
        client.close();
        process.close();
    }
}
