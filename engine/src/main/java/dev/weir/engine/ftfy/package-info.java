/**
 * A port of the Python library <a href="https://github.com/rspeer/python-ftfy">ftfy</a> 6.3.1 (Copyright Robyn Speer, Apache
 * License 2.0): {@link dev.weir.engine.ftfy.Ftfy#fixText} with its default options, which CLIP's tokenizer applies to every
 * prompt. The same steps in the same order; its tables are read from {@code ftfy.json}, which {@code
 * tools/reference/ftfy_tables.py} writes from the library.
 *
 * <p>Differences: Unicode normalization is that of the Java runtime, which may know another version of Unicode than the
 * Python one. A line is passed over 16 times at most, which leaves entities that are nested deeper. Segments are not bounded at a
 * million characters, since a prompt never is that long. A surrogate pair is one character from the start, as Java has it.
 */
package dev.weir.engine.ftfy;
