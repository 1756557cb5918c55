package dev.weir.cli;

import dev.weir.gateway.user.KeyFile;
import dev.weir.gateway.user.Keys;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes API keys. It asks no gateway and writes no file. */
@Command(
        name = "keys",
        header = "Make API keys for the file of --api-keys.%n",
        subcommands = KeysCommand.New.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  weir keys new anna >> keys.yaml      a key for anna; the file gets its hash",
            "  weir up --api-keys keys.yaml         only holders of a key may use the gateway"
        })
final class KeysCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    @Command(
            name = "new",
            header = "Make a key.%n",
            description = {
                "Prints the key to stderr, once, and the line for the file of keys to stdout. The line has a hash and not the key.",
                ""
            })
    static final class New implements Callable<Integer> {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "NAME", description = "Whose key it is: letters, digits and . _ @ -")
        private String name;

        @Override
        public Integer call() {
            String key = Keys.random();
            try {
                String line = KeyFile.line(name, key);
                spec.commandLine().getErr().printf("The key of %s, which is shown only now: %s%n", name, key);
                spec.commandLine().getErr().flush();
                spec.commandLine().getOut().println(line);
                spec.commandLine().getOut().flush();
                return 0;
            } catch (IllegalArgumentException e) {
                throw new CliException(CliException.USAGE, e.getMessage(), e);
            }
        }
    }
}
