package dev.weir.engine.ftfy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An encoding that text was decoded with by mistake. "Sloppy" ones decode the bytes that they have no character for as
 * Latin-1 does, and encode U+FFFD as {@link #LOST}. Immutable; any thread.
 */
final class SingleByteEncoding {

    /** Stands for a byte that was lost. */
    static final int LOST = 0x1a;

    static final int FIRST_HIGH = 0x80;

    /** Those that are tried, in this order. */
    static final List<SingleByteEncoding> ALL = read();

    static final SingleByteEncoding WINDOWS_1252 = named("sloppy-windows-1252");

    private final String name;
    private final String high;
    private final Map<Character, Character> bytes = new HashMap<>();

    /** @param high the characters of the bytes from 0x80 on */
    private SingleByteEncoding(String name, String high) {
        this.name = name;
        this.high = high;
        for (char low = 0; low < FIRST_HIGH; low++) {
            bytes.put(low, low);
        }
        if (isSloppy()) {
            bytes.remove((char) LOST);
            bytes.put('\ufffd', (char) LOST);
        }
        for (int i = 0; i < high.length(); i++) {
            bytes.put(high.charAt(i), (char) (FIRST_HIGH + i));
        }
    }

    private static List<SingleByteEncoding> read() {
        List<SingleByteEncoding> all = new ArrayList<>();
        Tables.json()
                .path("encodings")
                .forEach(encoding -> all.add(new SingleByteEncoding(
                        encoding.path("name").asText(), encoding.path("high").asText())));
        return List.copyOf(all);
    }

    private static SingleByteEncoding named(String name) {
        return ALL.stream().filter(e -> e.name.equals(name)).findFirst().orElseThrow();
    }

    boolean isSloppy() {
        return name.startsWith("sloppy");
    }

    /** Its spaces and dashes are too common to be taken for damaged bytes. */
    boolean isMacRoman() {
        return name.equals("macroman");
    }

    /** The bytes as characters from 0 to 255; empty where the text has a character that the encoding lacks. */
    Optional<String> encode(String text) {
        StringBuilder encoded = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            Character value = bytes.get(text.charAt(i));
            if (value == null) {
                return Optional.empty();
            }
            encoded.append(value.charValue());
        }
        return Optional.of(encoded.toString());
    }

    /** Of a byte from 0x80 on. */
    String character(int value) {
        return high.substring(value - FIRST_HIGH, value - FIRST_HIGH + 1);
    }
}
