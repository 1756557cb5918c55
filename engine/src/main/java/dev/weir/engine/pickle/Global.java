package dev.weir.engine.pickle;

/** A class or function of Python that a pickle names. Weir knows some names, and has no code of theirs. */
record Global(String module, String name) {

    /** Longer names are cut. */
    private static final int SHOWN = 100;

    /** For messages, which may be shown by a terminal: without characters that it would obey. */
    String shown() {
        int[] first = toString()
                .codePoints()
                .limit(SHOWN)
                .map(c -> isShown(c) ? c : '?')
                .toArray();
        String text = new String(first, 0, first.length);
        return first.length < SHOWN ? text : text + "…";
    }

    private static boolean isShown(int c) {
        return !Character.isISOControl(c) && Character.isDefined(c) && Character.getType(c) != Character.FORMAT;
    }

    @Override
    public String toString() {
        return module + "." + name;
    }
}
