/**
 * Prompts in the syntaxes of other tools: what is weighted how, and how long texts are split for the text encoder. The parsers are pure
 * functions. A {@link dev.weir.engine.prompt.Reading} knows token ids and states, and no network.
 */
package dev.weir.engine.prompt;
