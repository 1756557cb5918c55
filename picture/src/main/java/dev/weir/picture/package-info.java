/** What picture files say of themselves: format, size, orientation, and where their pixels are. Nothing is decoded here. */
package dev.weir.picture;
