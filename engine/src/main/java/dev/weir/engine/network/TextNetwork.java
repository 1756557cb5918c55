package dev.weir.engine.network;

import dev.weir.engine.ModelException;
import dev.weir.engine.Prompt;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.prompt.TokenRow;
import java.util.List;

/** A network that {@link TextTransformer} runs, with what it must know of it. */
interface TextNetwork extends Network {

    /** Of a token's state. */
    int width();

    /** The most tokens that the network has embeddings for. */
    int positions();

    /**
     * What the network takes beside the ids and which of them count.
     *
     * @param prompts of the rows
     */
    default List<Feed> more(List<Prompt> prompts, List<TokenRow> rows) {
        return List.of();
    }

    /** Whether it takes {@link WordVectors} behind all others. */
    default boolean takesVectors() {
        return false;
    }

    /** The same network, which takes {@link WordVectors}. */
    default TextNetwork takingVectors() {
        throw new ModelException("this text encoder has no words of embeddings");
    }

    /** How many layers a prompt may leave out. */
    default int maxClipSkip() {
        return 0;
    }

    /** How many numbers of each row follow its states. */
    default int pooledWidth() {
        return 0;
    }

    /** What diffusers calls these numbers. */
    default String pooledName() {
        return "";
    }

    /** Whether it gives the states of a text's own tokens only. */
    default boolean isTrimmed() {
        return false;
    }

    /** Whether no token sees the padding. */
    default boolean hidesPadding() {
        return false;
    }

    /** The same network with the states that a family's denoiser sees. */
    default TextNetwork giving(ClipOutput output) {
        if (output.equals(ClipOutput.LAST)) {
            return this;
        }
        throw new ModelException("a text encoder that gives %s is a CLIPTextModel".formatted(output));
    }
}
