package dev.weir.cli;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints what a shell needs to complete commands and options of {@code weir}. */
@Command(
        name = "completion",
        header = "Print completions for a shell.%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  source <(weir completion bash)                                  in ~/.bashrc",
            "  source <(weir completion zsh)                                   in ~/.zshrc",
            "  weir completion fish > ~/.config/fish/completions/weir.fish     once"
        })
final class CompletionCommand implements Runnable {

    enum Shell {
        BASH,
        ZSH,
        FISH
    }

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "SHELL", description = "bash, zsh or fish.")
    private Shell shell;

    @Override
    public void run() {
        CommandLine root = spec.root().commandLine();
        // picocli's script is for both: in zsh it loads zsh's support for completions of bash.
        String script = shell == Shell.FISH ? FishCompletion.of(root) : AutoComplete.bash(root.getCommandName(), root);
        root.getOut().print(script);
        root.getOut().flush();
    }
}
