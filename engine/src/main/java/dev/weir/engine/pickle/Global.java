package dev.weir.engine.pickle;

/** A class or function of Python that a pickle names. Weir knows some names, and has no code of theirs. */
record Global(String module, String name) {

    @Override
    public String toString() {
        return module + "." + name;
    }
}
