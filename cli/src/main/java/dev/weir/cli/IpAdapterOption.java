package dev.weir.cli;

import dev.weir.client.Options;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** An IP-Adapter as the command line names it: {@code NAME[:SCALE]=FILE[,FILE]}. */
record IpAdapterOption(String name, double scale, List<Path> files) {

    private static final String FLAG = "--ip-adapter";

    /** Throws {@link CliException} where it has another form. */
    static IpAdapterOption parse(String text) {
        int equals = text.indexOf('=');
        if (equals < 1 || equals == text.length() - 1) {
            throw new CliException(
                    CliException.USAGE, "%s %s: it must be NAME[:SCALE]=FILE[,FILE]".formatted(FLAG, text));
        }
        String named = text.substring(0, equals);
        int colon = named.lastIndexOf(':');
        List<Path> files =
                Stream.of(text.substring(equals + 1).split(",")).map(Path::of).toList();
        return colon < 0
                ? new IpAdapterOption(named, 1, files)
                : new IpAdapterOption(named.substring(0, colon), scale(text, named.substring(colon + 1)), files);
    }

    private static double scale(String text, String number) {
        try {
            return Double.parseDouble(number);
        } catch (NumberFormatException e) {
            throw new CliException(CliException.USAGE, "%s %s: the scale must be a number".formatted(FLAG, text), e);
        }
    }

    /** Throws {@link CliException} that names a file that cannot be read. */
    Options addTo(Options options) {
        List<byte[]> images = new ArrayList<>();
        files.forEach(file -> images.add(InputOptions.bytes(FLAG, file)));
        return options.withIpAdapter(name, scale, images);
    }
}
